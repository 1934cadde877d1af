import { join } from 'node:path';
import type { Batch } from '../../domain/columns/batch.ts';
import { readOptional, replaceFile } from '../durable-file.ts';
import { type HistoryDevice, parseDevices } from './segments.ts';

/** Describes the devices of the batches in the open segment; sealed segments describe their own. */
export const DEVICES_FILE = 'devices.json';

/** Devices that the history describes next to its segments, by id. Rejects when the file is damaged. */
export async function readDevices(folder: string): Promise<Map<string, HistoryDevice>> {
  return parseDevices((await readOptional(join(folder, DEVICES_FILE))) ?? '{}');
}

/** As `readDevices`; empty when the file is damaged. */
export function readKnownDevices(folder: string): Promise<Map<string, HistoryDevice>> {
  return readDevices(folder).catch(() => new Map());
}

export function writeDevices(folder: string, devices: ReadonlyMap<string, HistoryDevice>): Promise<void> {
  return replaceFile(join(folder, DEVICES_FILE), JSON.stringify(Object.fromEntries(devices)));
}

/** Adds the unknown devices of batches; returns whether there were any. */
export function addDevices(
  known: Map<string, HistoryDevice>,
  batches: readonly Batch[],
  deviceOf: (id: string) => HistoryDevice | undefined,
): boolean {
  const { size } = known;
  for (const id of new Set(batches.flatMap(({ blocks }) => blocks.flatMap(({ devices }) => devices)))) {
    const device = known.has(id) ? undefined : deviceOf(id);
    if (device) known.set(id, { name: device.name, kind: device.kind, labels: device.labels });
  }
  return known.size > size;
}
