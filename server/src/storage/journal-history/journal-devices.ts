import { join } from 'node:path';
import type { Batch } from '../../domain/columns/batch.ts';
import { readOptional, replaceFile } from '../durable-file.ts';
import { type ArchivedDevice, parseDevices } from './journal-segments.ts';

/** Names the devices of the batches in the segment that grows; sealed ones name theirs. */
export const ARCHIVED_DEVICES = 'devices.json';

/** Devices that the history names beside its segments, by their ids. Rejects where the file is damaged. */
export async function readDevices(folder: string): Promise<Map<string, ArchivedDevice>> {
  return parseDevices((await readOptional(join(folder, ARCHIVED_DEVICES))) ?? '{}');
}

/** The same; none where the file is damaged. */
export function readArchivedDevices(folder: string): Promise<Map<string, ArchivedDevice>> {
  return readDevices(folder).catch(() => new Map());
}

export function writeDevices(folder: string, devices: ReadonlyMap<string, ArchivedDevice>): Promise<void> {
  return replaceFile(join(folder, ARCHIVED_DEVICES), JSON.stringify(Object.fromEntries(devices)));
}

/** Adds the devices of batches that are not among those known; answers whether there were any. */
export function addDevices(
  known: Map<string, ArchivedDevice>,
  batches: readonly Batch[],
  deviceOf: (id: string) => ArchivedDevice | undefined,
): boolean {
  const { size } = known;
  for (const id of new Set(batches.flatMap(({ blocks }) => blocks.flatMap(({ devices }) => devices)))) {
    const device = known.has(id) ? undefined : deviceOf(id);
    if (device) known.set(id, { name: device.name, kind: device.kind, labels: device.labels });
  }
  return known.size > size;
}
