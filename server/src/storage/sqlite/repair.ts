import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Block } from '../../domain/columns/batch.ts';
import { concatRows, type Rows } from '../../domain/columns/frame.ts';
import { Corrupt, messageOf } from '../../domain/errors.ts';
import { asBatch } from '../apply-batches.ts';
import { coalesce } from '../coalesce.ts';
import { MARK_GROUP } from '../layers/journal-marks.ts';
import { hasOurHeader, isDamage } from './damage.ts';
import { type DeviceOfTable, TelemetryFile } from './telemetry-file.ts';

/** Damaged files that are kept next to the active one; older ones are deleted. */
export const MAX_DAMAGED_FILES = 3;
/** Approximate number of values copied with one commit. */
const MAX_COPIED_VALUES = 2 ** 20;
/** Files of one database. The write-ahead log first: without its database, it cannot be replayed. */
const PARTS = ['-wal', '-shm', ''] as const;

/** A marker file next to a damaged database, which is replaced the next time it is opened. */
const markerOf = (path: string) => `${path}.damaged`;
const repairedOf = (path: string) => `${path}.repaired`;

/** Records that the file is damaged; returns an error that names the consequences. */
export function noteDamage(path: string, error: unknown): Corrupt {
  const cause = messageOf(error);
  try {
    writeFileSync(markerOf(path), `${cause}\n`, { mode: 0o600, flush: true });
  } catch {
    // The disk is full or missing: the damage is found again after the file is next opened.
  }
  return new Corrupt(
    `${path} is damaged (${cause}): its intact content is now copied to a new file, and the damaged file is kept as ${basename(markerOf(path))}-TIME. Missing readings are copied from another complete store; without one, restore a backup: npm start -- backup list, npm start -- restore BACKUP --at TIME`,
    { cause: error },
  );
}

/**
 * Opens a file. A file in which damage was found, now or before, is first replaced by a copy of its intact content, without the journal
 * positions, so that a comparison finds the missing readings. A crash at any point leaves the damaged file or the complete new one. A file
 * of another program or version is not touched.
 */
export function openRepaired(path: string): TelemetryFile {
  if (existsSync(markerOf(path))) replace(path);
  try {
    return new TelemetryFile(path);
  } catch (error) {
    if (!isDamage(error) || !hasOurHeader(path)) throw error;
    noteDamage(path, error);
    replace(path);
    return new TelemetryFile(path);
  }
}

function replace(path: string): void {
  if (existsSync(path)) salvage(path);
  const aside = `${markerOf(path)}-${new Date().toISOString().replaceAll(':', '')}`;
  for (const part of PARTS) if (existsSync(path + part)) renameSync(path + part, aside + part);
  if (existsSync(repairedOf(path))) renameSync(repairedOf(path), path);
  rmSync(markerOf(path), { force: true });
  removeOldest(path);
}

/** Copies every readable hour of every device whose checksum matches to a new file; nothing when the names are damaged. */
function salvage(path: string): void {
  const target = repairedOf(path);
  for (const part of PARTS) rmSync(target + part, { force: true });
  const to = new TelemetryFile(target);
  try {
    const from = new TelemetryFile(path);
    try {
      for (const blocks of wholeHours(from)) to.write(coalesce([asBatch(blocks)]));
    } finally {
      from.close();
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
  } finally {
    to.close();
  }
}

function* wholeHours(from: TelemetryFile): Iterable<Block[]> {
  let blocks: Block[] = [];
  let values = 0;
  for (const one of from.devicesOfTables()) {
    if (one.group.name === MARK_GROUP) continue;
    const { sealed } = from;
    let parts: Rows[] = [];
    for (const hour of sealed.hours(one.table, one.device)) {
      const rows = sealed.readWhole(one.table, one.device, hour);
      if (rows === null) continue;
      parts.push(rows);
      values += rows.timestamps.length * one.table.columns.length;
      if (values < MAX_COPIED_VALUES) continue;
      yield [...blocks, asBlock(one, parts)];
      [blocks, parts, values] = [[], [], 0];
    }
    if (parts.length > 0) blocks.push(asBlock(one, parts));
  }
  yield blocks;
}

function asBlock({ group, table, deviceId }: DeviceOfTable, parts: readonly Rows[]): Block {
  const { timestamps, columns } = concatRows(parts, table.columns.length);
  const names = new Map([...group.quantities].map(([name, number]) => [number, name]));
  return {
    group: group.name,
    quantities: table.columns.map((number) => names.get(number)!),
    devices: [deviceId],
    device: new Int32Array(timestamps.length),
    timestamps,
    columns,
  };
}

function removeOldest(path: string): void {
  const folder = dirname(path);
  const start = `${basename(markerOf(path))}-`;
  const aside = readdirSync(folder).filter((name) => name.startsWith(start));
  const instants = [...new Set(aside.map((name) => name.replace(/-(wal|shm)$/, '')))].sort();
  const gone = instants.slice(0, -MAX_DAMAGED_FILES);
  for (const name of aside) if (gone.some((one) => name.startsWith(one))) rmSync(join(folder, name));
}
