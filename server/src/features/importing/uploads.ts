import { randomUUID } from 'node:crypto';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { type ImportUpload, MAX_UPLOAD_BYTES, MAX_UPLOAD_PART_BYTES } from '@wattkeeper/contract/import.ts';
import { Conflict, InvalidInput, messageOf, NotFound, Unavailable } from '../../domain/errors.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import { type InputFile, memoryFile, openedAs } from '../../sources/import/input-file.ts';

/** Maximum number of stored files; a further upload replaces the least recently used one. */
export const MAX_UPLOADS_COUNT = 8;
/** Maximum total size of all files on disk. */
export const MAX_UPLOADS_BYTES = 2 * MAX_UPLOAD_BYTES;
/** Maximum total size of all files in memory, where nothing is written to the disk. */
export const MAX_MEMORY_UPLOADS_BYTES = 32 * 1024 * 1024;
/** Free disk space that must remain after an upload, reserved for readings. */
const MIN_FREE_BYTES = 512 * 1024 * 1024;
/** An upload is removed after this time without use. */
const MAX_IDLE_MS = 24 * HOUR_MS;

interface Upload {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** File on disk; null: in memory. */
  readonly path: string | null;
  readonly parts: Uint8Array[];
  readonly queue: SerialQueue;
  received: number;
  usedAt: number;
  /** Number of imports and previews that are reading the file. */
  readers: number;
}

export interface UploadsOptions {
  /** Folder for the files, emptied at the start; null: in memory. */
  readonly folder: string | null;
  /** Whether files may be written to the disk at present. */
  readonly writes: () => boolean;
  readonly now: () => number;
}

/** Files uploaded in parts for an import. They are stored until they expire or the service stops. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #uploads = new Map<string, Upload>();
  /** Makes room for one file at a time: otherwise concurrent uploads would all count the same free space. */
  readonly #creating = new SerialQueue();

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Removes files that an earlier run of the service left. */
  async clear(): Promise<void> {
    if (this.#options.folder !== null) await rm(this.#options.folder, { recursive: true, force: true });
  }

  /**
   * Creates an upload, and makes room for its file.
   * @throws InvalidInput if the file is too large, Conflict if every stored file is being read, Unavailable if the disk is full
   */
  create(name: string, bytes: number): Promise<ImportUpload> {
    return this.#creating.run(() => this.#create(name, bytes));
  }

  async #create(name: string, bytes: number): Promise<ImportUpload> {
    const { folder, writes, now } = this.#options;
    const isOnDisk = folder !== null && writes();
    const most = isOnDisk ? MAX_UPLOAD_BYTES : MAX_MEMORY_UPLOADS_BYTES;
    if (bytes > most) {
      const reason = isOnDisk ? '' : ' while nothing is written to the disk';
      throw new InvalidInput(`bytes must be at most ${most}${reason}; got ${bytes}: use the command import`);
    }
    await this.#removeIdle();
    await this.#makeRoom(bytes, isOnDisk);
    if (isOnDisk) await checkFree(folder, bytes);
    const id = randomUUID();
    const path = isOnDisk ? join(folder, id) : null;
    const upload = {
      id,
      name,
      bytes,
      path,
      parts: [],
      queue: new SerialQueue(),
      received: 0,
      usedAt: now(),
      readers: 0,
    };
    this.#uploads.set(id, upload);
    return this.#show(upload);
  }

  /** @throws NotFound */
  get(id: string): ImportUpload {
    return this.#show(this.#require(id));
  }

  /**
   * Appends a part, whose first byte has the position `offset`.
   * @throws Conflict unless the part follows the received bytes, InvalidInput beyond the announced size, Unavailable if the disk cannot be written
   */
  async add(id: string, offset: number, part: Uint8Array): Promise<ImportUpload> {
    const upload = this.#require(id);
    return upload.queue.run(async () => {
      this.#require(id);
      const { received, bytes } = upload;
      if (offset !== received)
        throw new Conflict(`offset must be ${received}, where the next part begins; got ${offset}`);
      if (offset + part.length > bytes)
        throw new InvalidInput(`the part ends at byte ${offset + part.length}, and the file has ${bytes}`);
      await this.#store(upload, offset, part);
      upload.received += part.length;
      return this.#show(upload);
    });
  }

  /** @throws NotFound, Conflict while it is being read */
  async remove(id: string): Promise<void> {
    const upload = this.#require(id);
    if (upload.readers > 0) throw new Conflict(`${upload.name} is being imported or read: cancel the job first`);
    await this.#discard(upload);
  }

  /** Processes the start of a file, which is not removed meanwhile. @throws NotFound, Conflict if its first `bytes` have not arrived */
  async useStart<T>(id: string, bytes: number, work: (file: InputFile) => Promise<T>): Promise<T> {
    const upload = this.#require(id);
    if (upload.received < Math.min(bytes, upload.bytes))
      throw new Conflict(
        `${upload.received} bytes of ${upload.name} have arrived: send the first ${Math.min(bytes, upload.bytes)} first`,
      );
    return this.#hold(upload, work);
  }

  /** Processes a complete file, which is not removed meanwhile. @throws NotFound, Conflict if it is incomplete */
  async use<T>(id: string, work: (file: InputFile) => Promise<T>): Promise<T> {
    return this.#hold(this.checkComplete(id), work);
  }

  async #hold<T>(upload: Upload, work: (file: InputFile) => Promise<T>): Promise<T> {
    upload.readers++;
    try {
      return await work(fileOf(upload));
    } finally {
      upload.readers--;
      upload.usedAt = this.#options.now();
    }
  }

  /** @throws NotFound, Conflict if the file is incomplete */
  checkComplete(id: string): Upload {
    const upload = this.#require(id);
    if (upload.received < upload.bytes)
      throw new Conflict(
        `${upload.received} of ${upload.bytes} bytes of ${upload.name} have arrived: send the rest first`,
      );
    return upload;
  }

  async #store({ path, parts }: Upload, offset: number, part: Uint8Array): Promise<void> {
    if (path === null) {
      parts.push(part);
      return;
    }
    await writeAt(path, offset, part).catch(cannotWrite);
  }

  #require(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload === undefined)
      throw new NotFound(
        `there is no upload ${JSON.stringify(id.slice(0, 40))}: it expired or the service was started again; upload the file again`,
      );
    upload.usedAt = this.#options.now();
    return upload;
  }

  async #makeRoom(bytes: number, isOnDisk: boolean): Promise<void> {
    const most = isOnDisk ? MAX_UPLOADS_BYTES : MAX_MEMORY_UPLOADS_BYTES;
    const held = () =>
      [...this.#uploads.values()].reduce((sum, one) => sum + ((one.path !== null) === isOnDisk ? one.bytes : 0), 0);
    while (this.#uploads.size >= MAX_UPLOADS_COUNT || held() + bytes > most) await this.#removeOldest();
  }

  async #removeIdle(): Promise<void> {
    const since = this.#options.now() - MAX_IDLE_MS;
    for (const upload of this.#uploads.values())
      if (upload.usedAt < since && upload.readers === 0) await this.#discard(upload);
  }

  async #removeOldest(): Promise<void> {
    const [oldest] = [...this.#uploads.values()]
      .filter(({ readers }) => readers === 0)
      .toSorted((a, b) => a.usedAt - b.usedAt);
    if (oldest === undefined)
      throw new Conflict(`${this.#uploads.size} files are being imported or read: wait until one is done`);
    await this.#discard(oldest);
  }

  async #discard({ id, path, queue }: Upload): Promise<void> {
    this.#uploads.delete(id);
    // Waits for a part that is being written, which would create the file again.
    if (path !== null) await queue.run(() => rm(path, { force: true }));
  }

  #show({ id, name, bytes, received, usedAt }: Upload): ImportUpload {
    return {
      id,
      name,
      bytes,
      received,
      complete: received === bytes,
      max_part_bytes: MAX_UPLOAD_PART_BYTES,
      expires_at: formatInstant(usedAt + MAX_IDLE_MS),
    };
  }
}

function fileOf({ name, path, parts, received }: Upload): InputFile {
  return path === null ? memoryFile(name, parts) : openedAs(name, path, received);
}

/** @throws Unavailable if the file would fill the disk */
async function checkFree(folder: string, bytes: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(cannotWrite);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes + MIN_FREE_BYTES) return;
  throw new Unavailable(
    `the disk has ${bavail * bsize} bytes free, and ${bytes} and another ${MIN_FREE_BYTES} are needed: make room first`,
  );
}

async function writeAt(path: string, offset: number, part: Uint8Array): Promise<void> {
  const file = await open(path, offset === 0 ? 'w' : 'r+', 0o600);
  try {
    await file.write(part, 0, part.length, offset);
  } finally {
    await file.close();
  }
}

function cannotWrite(error: unknown): never {
  throw new Unavailable(`the upload cannot be written: ${messageOf(error)}`, { cause: error });
}
