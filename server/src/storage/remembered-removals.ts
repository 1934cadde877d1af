import { join } from 'node:path';
import { z } from 'zod';
import { readOptional, replaceFile } from './durable-file.ts';
import type { RemovedDevice } from './records/devices/removed-devices.ts';

/**
 * Removed devices, stored next to the records: when these are lost, a store's remaining readings must not restore the devices. A missing or
 * damaged file counts as empty.
 */
const REMOVED_DEVICES = 'removed-devices.json';
const Removals = z.array(z.object({ deviceId: z.string(), name: z.string(), removedAt: z.number() }));

export async function readRemovals(folder: string): Promise<RemovedDevice[]> {
  const text = await readOptional(join(folder, REMOVED_DEVICES));
  if (text === null) return [];
  try {
    return Removals.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

/** Replaces the file; synced to disk when it resolves. */
export function writeRemovals(folder: string, removals: readonly RemovedDevice[]): Promise<void> {
  return replaceFile(join(folder, REMOVED_DEVICES), JSON.stringify(removals));
}
