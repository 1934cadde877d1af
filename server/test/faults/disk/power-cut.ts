import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OPS, type Operation } from './faulty-vfs.ts';

/** Sector size: the unit that a disk writes atomically. */
const SECTOR = 512;

type Change =
  | { readonly offset: number; readonly data: Buffer; readonly size?: undefined }
  | { readonly size: number; readonly offset?: undefined; readonly data?: undefined };

/** A file as synced to the disk, and the writes since the last sync. */
interface DiskFile {
  synced: Growing;
  /** Whether its directory entry was synced. */
  named: boolean;
  changes: Change[];
}

/**
 * A disk with a cache that replays the operations of a log. `cut` writes a possible state after a power failure: everything synced, and of the
 * other writes any part in any order: each sector has the content of any moment since the last sync, and so does the length of a file.
 */
export class Disk {
  readonly #files = new Map<string, DiskFile>();
  readonly #paths = new Map<number, string>();

  apply({ op, file, offset, length, data }: Operation): void {
    if (op === OPS.open) {
      const path = data.toString();
      this.#paths.set(file, path);
      if (!this.#files.has(path)) this.#files.set(path, { synced: new Growing(), named: false, changes: [] });
      return;
    }
    // SQLite removes only logs whose content is stored elsewhere; that such a file may still exist is covered by the kill tests.
    if (op === OPS.delete) this.#files.delete(data.toString());
    const known = this.#files.get(this.#paths.get(file) ?? '');
    if (known === undefined) return;
    if (op === OPS.write) known.changes.push({ offset, data });
    else if (op === OPS.truncate) known.changes.push({ size: length });
    else if (op === OPS.sync) {
      for (const change of known.changes.splice(0)) known.synced.change(change);
      known.named = true;
    }
  }

  /** Writes the remaining state to a folder. @param random numbers in [0, 1) */
  cut(folder: string, random: () => number): void {
    mkdirSync(folder, { recursive: true });
    const keeps = random();
    for (const [path, file] of this.#files) {
      if (!file.named && (file.changes.length === 0 || random() < 0.5)) continue;
      writeFileSync(join(folder, basename(path)), leftOf(file, keeps, random));
    }
  }
}

/** @param keeps below 0.25: nothing that was not synced; above 0.75: all of it; else any sectors */
function leftOf({ synced, changes }: DiskFile, keeps: number, random: () => number): Uint8Array {
  const left = synced.copy();
  if (keeps < 0.25) return left.bytes();
  if (keeps > 0.75) {
    for (const change of changes) left.change(change);
    return left.bytes();
  }
  // Number of applied changes per sector.
  const got = new Map<number, number>();
  const moments = (sector: number): number => {
    const known = got.get(sector) ?? Math.floor(random() * (changes.length + 1));
    got.set(sector, known);
    return known;
  };
  const size = Math.floor(random() * (changes.length + 1));
  let length = synced.length;
  for (const [i, change] of changes.entries()) {
    if (change.size !== undefined) {
      if (i < size) length = change.size;
      continue;
    }
    const { offset, data } = change;
    if (i < size) length = Math.max(length, offset + data.length);
    for (let at = 0; at < data.length; ) {
      const sector = Math.floor((offset + at) / SECTOR);
      const end = Math.min((sector + 1) * SECTOR - offset, data.length);
      if (i < moments(sector)) left.change({ offset: offset + at, data: data.subarray(at, end) });
      at = end;
    }
  }
  left.change({ size: length });
  return left.bytes();
}

/** Bytes that grow as they are written. */
class Growing {
  #bytes = Buffer.alloc(0);
  length = 0;

  change({ size, offset, data }: Change): void {
    if (size !== undefined) {
      this.#reserve(size);
      if (size < this.length) this.#bytes.fill(0, size, this.length);
      this.length = size;
      return;
    }
    this.#reserve(offset + data.length);
    data.copy(this.#bytes, offset);
    this.length = Math.max(this.length, offset + data.length);
  }

  copy(): Growing {
    const copy = new Growing();
    copy.#bytes = Buffer.from(this.#bytes);
    copy.length = this.length;
    return copy;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(length, 2 * this.#bytes.length));
    this.#bytes.copy(grown);
    this.#bytes = grown;
  }
}
