import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import type { Batch } from '../../domain/batch.ts';
import { decodeBlocks, encodeBlocks } from '../../domain/batch-codec.ts';
import { Corrupt } from '../../domain/errors.ts';
import { Turns } from '../../domain/turns.ts';
import { type BackupEntry, type BackupKeys, readBackupFile, writeBackupFile } from './backup-file.ts';

/** A batch and when it was taken, epoch milliseconds. */
export interface ArchivedBatch extends Batch {
  readonly takenAt: number;
}

/** Folder of the archive in the data folder. */
export const JOURNAL_ARCHIVE = 'journal-archive';
const OPEN_SEGMENT = 'open.segment';
const SEALED = '.wkj';
/** Names the devices of the batches. */
export const ARCHIVED_DEVICES = 'devices.json';
const SINCE = 'since.json';
/** Length and instant before each batch. */
const PREFIX_BYTES = 16;
/** A segment is sealed when it is that large or that old. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
const SEGMENT_MS = 60 * 60_000;

/** What a device was called: one that is newer than the backup that a restore begins with is registered anew. */
export interface ArchivedDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  readonly labels: Readonly<Record<string, string>>;
}

export interface JournalArchiveOptions {
  readonly folder: string;
  readonly deviceOf: (id: string) => ArchivedDevice | undefined;
  readonly keys: BackupKeys;
  readonly now: () => number;
}

/** A sealed segment: the batches that were taken from `start` to `end`, both included. */
export interface Segment {
  readonly name: string;
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Keeps every batch after all stores have taken it, so that a restore can go on from a snapshot to any instant behind it. It is fed like a store.
 * The segment that grows is plain; sealed ones are compressed and encrypted as backups are.
 */
export class JournalArchive {
  readonly #options: JournalArchiveOptions;
  #devices = new Map<string, ArchivedDevice>();
  #bytes = 0;
  #firstAt: number | null = null;
  #since = 0;
  /** One write or sealing after the other. */
  readonly #turns = new Turns();

  private constructor(options: JournalArchiveOptions) {
    this.#options = options;
  }

  /** Opens the folder; a segment that an earlier process left open is sealed as far as it is whole. */
  static async open(options: JournalArchiveOptions): Promise<JournalArchive> {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const archive = new JournalArchive(options);
    archive.#devices = await readArchivedDevices(options.folder);
    await archive.seal();
    archive.#since = (await archivedSince(options.folder)) ?? options.now();
    await writeSince(options.folder, archive.#since);
    return archive;
  }

  get folder(): string {
    return this.#options.folder;
  }

  /** Every batch that was taken from this instant on is here, epoch milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** On disk when it resolves. */
  write(batches: readonly Batch[]): Promise<void> {
    return this.#turns.take(() => this.#write(batches));
  }

  /** Closes the segment that grows, if it holds anything. What was taken before the instant that it answers is in sealed segments. */
  seal(): Promise<number> {
    return this.#turns.take(() => this.#seal());
  }

  async #write(batches: readonly Batch[]): Promise<void> {
    await this.#noteDevices(batches);
    const takenAt = this.#options.now();
    const parts = batches.flatMap((batch) => {
      const blocks = encodeBlocks(batch.blocks);
      const prefix = Buffer.alloc(PREFIX_BYTES);
      prefix.writeUInt32LE(blocks.length, 0);
      prefix.writeDoubleLE(takenAt, 8);
      return [prefix, blocks];
    });
    const file = await open(this.#file(OPEN_SEGMENT), 'a', 0o600);
    try {
      // What a failed attempt left half-written is cut off first.
      await file.truncate(this.#bytes);
      const { bytesWritten } = await file.writev(parts);
      await file.sync();
      this.#bytes += bytesWritten;
    } finally {
      await file.close();
    }
    this.#firstAt ??= takenAt;
    if (this.#bytes >= SEGMENT_BYTES || takenAt - this.#firstAt >= SEGMENT_MS) await this.#seal();
  }

  async #seal(): Promise<number> {
    const batches = await readOpen(this.#file(OPEN_SEGMENT));
    const [first] = batches;
    if (first !== undefined) {
      const partial = this.#file('sealing.partial');
      await rm(partial, { force: true });
      await writeBackupFile(partial, entriesOf(batches), this.#options.keys, new AbortController().signal);
      await rename(partial, this.#file(segmentName(first.takenAt, (batches.at(-1) as ArchivedBatch).takenAt)));
    }
    await rm(this.#file(OPEN_SEGMENT), { force: true });
    this.#bytes = 0;
    this.#firstAt = null;
    return this.#options.now();
  }

  /** Drops sealed segments that ended before an instant; answers how many. */
  async prune(before: number): Promise<number> {
    const old = (await segmentsIn(this.#options.folder)).filter(({ end }) => end < before);
    if (old.length > 0) {
      this.#since = Math.max(this.#since, before);
      await writeSince(this.#options.folder, this.#since);
    }
    for (const { path } of old) await rm(path);
    return old.length;
  }

  async #noteDevices(batches: readonly Batch[]): Promise<void> {
    const ids = new Set(batches.flatMap(({ blocks }) => blocks.flatMap(({ devices }) => devices)));
    const fresh = [...ids].filter((id) => !this.#devices.has(id));
    if (fresh.length === 0) return;
    for (const id of fresh) {
      const device = this.#options.deviceOf(id);
      if (device) this.#devices.set(id, { name: device.name, kind: device.kind, labels: device.labels });
    }
    const path = this.#file(ARCHIVED_DEVICES);
    await writeFile(`${path}.partial`, JSON.stringify(Object.fromEntries(this.#devices)), { mode: 0o600, flush: true });
    await rename(`${path}.partial`, path);
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }
}

/** From when on an archive has everything, epoch milliseconds; null where there is none, or one that was interrupted and holds nothing since. */
export async function archivedSince(folder: string): Promise<number | null> {
  const text = await readFile(join(folder, SINCE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text !== null) return (JSON.parse(text) as { since: number | null }).since;
  // One of an earlier version: it has everything from its first batch on, if not for longer.
  return (await segmentsIn(folder))[0]?.start ?? null;
}

/** Notes that what comes in from now on is not kept: an archive that is opened later begins anew. */
export async function interruptJournalArchive(folder: string): Promise<void> {
  if ((await archivedSince(folder)) !== null) await writeSince(folder, null);
}

async function writeSince(folder: string, since: number | null): Promise<void> {
  const path = join(folder, SINCE);
  await writeFile(`${path}.partial`, JSON.stringify({ since }), { mode: 0o600, flush: true });
  await rename(`${path}.partial`, path);
}

/** Devices of the archive by their ids. */
export async function readArchivedDevices(folder: string): Promise<Map<string, ArchivedDevice>> {
  const text = await readFile(join(folder, ARCHIVED_DEVICES), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  return new Map(Object.entries(JSON.parse(text) as Record<string, ArchivedDevice>));
}

/**
 * Batches that were taken from `after` to `until` (both included), in order.
 * @throws Corrupt for a damaged segment, Forbidden when no key opens one
 */
export async function* readJournalArchive(
  folder: string,
  keys: BackupKeys,
  after: number,
  until: number,
): AsyncGenerator<ArchivedBatch> {
  const wanted = (batch: ArchivedBatch) => batch.takenAt >= after && batch.takenAt <= until;
  for (const { path, start, end } of await segmentsIn(folder)) {
    if (end < after || start > until) continue;
    for await (const { name, data } of readBackupFile(path, keys)) {
      const batch = { sequence: 0, takenAt: Number(name.split('-')[1]), blocks: decodeBlocks(data) };
      if (wanted(batch)) yield batch;
    }
  }
  for (const batch of await readOpen(join(folder, OPEN_SEGMENT))) if (wanted(batch)) yield batch;
}

/** Sealed segments, oldest first. */
export async function segmentsIn(folder: string): Promise<Segment[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter(isSegment)
    .sort()
    .map((name) => ({ name, path: join(folder, name), ...spanOf(name) }));
}

export function isSegment(name: string): boolean {
  return name.endsWith(SEALED);
}

/** When the first and the last batch of a segment were taken. */
export function spanOf(name: string): { start: number; end: number } {
  const [start, end] = name.slice(0, -SEALED.length).split('_').map(instantOf) as [number, number];
  return { start, end };
}

async function* entriesOf(batches: readonly ArchivedBatch[]): AsyncGenerator<BackupEntry> {
  for (const [i, { takenAt, blocks }] of batches.entries()) {
    yield { name: `${String(i).padStart(8, '0')}-${takenAt}`, data: encodeBlocks(blocks) };
  }
}

/** The whole batches of the segment that grows; what a crash left half-written at its end was not confirmed and is passed over. */
async function readOpen(path: string): Promise<ArchivedBatch[]> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const batches: ArchivedBatch[] = [];
  for (let at = 0; at + PREFIX_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    const end = at + PREFIX_BYTES + length;
    if (end > bytes.length) break;
    try {
      const blocks = decodeBlocks(bytes.subarray(at + PREFIX_BYTES, end));
      batches.push({ sequence: 0, takenAt: bytes.readDoubleLE(at + 8), blocks });
    } catch (error) {
      if (end === bytes.length) break;
      throw new Corrupt(`the journal archive's open segment ${path} is damaged at byte ${at}`, { cause: error });
    }
    at = end;
  }
  return batches;
}

/** `2026-11-21T013000.123Z`: no colons, so that every file system takes it. */
export function fileInstant(instant: number): string {
  return formatInstant(instant).replaceAll(':', '');
}

function instantOf(text: string): number {
  return Date.parse(text.replace(/T(\d{2})(\d{2})/, 'T$1:$2:'));
}

function segmentName(start: number, end: number): string {
  return `${fileInstant(start)}_${fileInstant(end)}${SEALED}`;
}
