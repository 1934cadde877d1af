import { join } from 'node:path';
import { z } from 'zod';
import { readOptional, replaceFile } from './durable-file.ts';
import type { RemovedDevice } from './records/devices/removed-devices.ts';

/**
 * Devices that were removed, beside their records: when those are lost, what a store still has of these devices must not bring them
 * back. Without it, or where it is damaged, nothing is remembered.
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

/** Replaces the file; on disk when it resolves. */
export function writeRemovals(folder: string, removals: readonly RemovedDevice[]): Promise<void> {
  return replaceFile(join(folder, REMOVED_DEVICES), JSON.stringify(removals));
}
