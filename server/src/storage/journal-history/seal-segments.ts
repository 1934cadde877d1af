import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Corrupt } from '../../domain/errors.ts';
import { type BackupKeys, writeBackupFile } from '../backup/backup-file.ts';
import { syncFolder } from '../durable-file.ts';
import { sha256Of } from '../file-digest.ts';
import type { DamagedBytes, HistoryBatch } from './open-segment.ts';
import { type HistoryDevice, holeBetween, segmentEntries, segmentName } from './segments.ts';

export interface Sealing {
  readonly folder: string;
  /** Number of the newest sealed segment. */
  readonly number: number;
  readonly keys: BackupKeys;
  readonly deviceOf: (id: string) => HistoryDevice | undefined;
}

/** Seals batches, one segment for each run without a hole; returns the number of the newest segment. */
export async function sealSegments(batches: readonly HistoryBatch[], sealing: Sealing): Promise<number> {
  const runs: HistoryBatch[][] = [];
  for (const [i, batch] of batches.entries()) {
    if (i === 0 || holeBetween(batches[i - 1]!, batch) !== null) runs.push([]);
    runs.at(-1)!.push(batch);
  }
  for (const [i, run] of runs.entries()) await sealSegment(run, { ...sealing, number: sealing.number + i + 1 });
  return sealing.number + runs.length;
}

async function sealSegment(run: readonly HistoryBatch[], { folder, number, keys, deviceOf }: Sealing): Promise<void> {
  const partial = join(folder, 'sealing.partial');
  await rm(partial, { recursive: true, force: true });
  const { sha256 } = await writeBackupFile(partial, segmentEntries(run, deviceOf), keys, new AbortController().signal);
  if ((await sha256Of(partial)) !== sha256)
    throw new Corrupt(`the disk returned other bytes of ${partial} than were written`);
  await rename(partial, join(folder, segmentName(number, run, sha256)));
  await syncFolder(folder);
}

export function describeDamage(damaged: readonly DamagedBytes[]): string {
  const places = damaged.slice(0, 5).map(({ start, end }) => `${start} to ${end}`);
  return `no whole records from byte ${places.join(', ')}${damaged.length > 5 ? ' and elsewhere' : ''}`;
}
