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

/** Damaged files that are kept beside the active one; older ones are removed. */
export const MAX_DAMAGED_FILES = 3;
/** Values that are copied with one commit, about. */
const MAX_COPIED_VALUES = 2 ** 20;
/** Files of one database. The write-ahead log first: without its database nothing replays it. */
const PARTS = ['-wal', '-shm', ''] as const;

/** Stands beside a file in which damage was found: the file is replaced when it is opened the next time. */
const markerOf = (path: string) => `${path}.damaged`;
const repairedOf = (path: string) => `${path}.repaired`;

/** Notes that a file of ours is damaged; returns the error that says what follows. */
export function noteDamage(path: string, error: unknown): Corrupt {
  const cause = messageOf(error);
  try {
    writeFileSync(markerOf(path), `${cause}\n`, { mode: 0o600, flush: true });
  } catch {
    // The disk is full or gone: the damage is found again after the file was opened the next time.
  }
  return new Corrupt(
    `${path} is damaged (${cause}): what is whole in it is copied to a new file now, and the damaged one is kept as ${basename(markerOf(path))}-TIME. What is missing is copied from another store that is complete; where none is, restore a backup: npm start -- backup list, npm start -- restore BACKUP --at TIME`,
    { cause: error },
  );
}

/**
 * Opens a file. One in which damage was found, now or before, is replaced first by what is whole in it, without the marks that say how far it
 * has the journal's batches, so that whoever compares them finds that it lacks readings. A crash at any point leaves the damaged file or the
 * whole new one. A file of another program or of another version is not touched.
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

/** Copies every hour of every device that can be read and has its checksum to a new file; none where the names are damaged. */
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
