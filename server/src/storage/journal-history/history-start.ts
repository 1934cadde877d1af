import { join } from 'node:path';
import { Corrupt } from '../../domain/errors.ts';
import { readOptional, replaceFile } from '../durable-file.ts';
import { segmentsIn } from './segments.ts';

/**
 * Folder of the journal history in the data folder. Its name on disk dates from when the history was called an archive, so that existing
 * installations find it; the same applies to `HISTORY_CURSOR`.
 */
export const JOURNAL_HISTORY_FOLDER = 'journal-archive';
export const START_FILE = 'since.json';

/** The instant from which the history is complete (null: it was interrupted), and the batch before its first one (null: unknown). */
export interface HistoryStart {
  readonly since: number | null;
  readonly follows: number | null;
}

/** The recorded start; undefined without one. Rejects when it cannot be read. */
export async function readStart(folder: string): Promise<HistoryStart | undefined> {
  const text = await readOptional(join(folder, START_FILE));
  if (text === null) return undefined;
  const { since, follows = null } = JSON.parse(text) as { since: unknown; follows?: number | null };
  if (since === null || Number.isSafeInteger(since)) return { since: since as number | null, follows };
  throw new Corrupt(
    `${join(folder, START_FILE)} holds ${text.slice(0, 80)}; "since" must be an instant in milliseconds or null`,
  );
}

/**
 * The instant from which the history is complete, epoch milliseconds; null without a history, or with an interrupted one that has no
 * batches since.
 */
export async function historySince(folder: string): Promise<number | null> {
  const noted = await readStart(folder).catch(() => undefined);
  if (noted !== undefined) return noted.since;
  // From an earlier version, or damaged: the history is complete at least from its first batch.
  return (await segmentsIn(folder))[0]?.start ?? null;
}

/** Records that batches accepted from now on are not stored: a history that is opened later starts again. */
export async function interruptJournalHistory(folder: string): Promise<void> {
  if ((await historySince(folder)) !== null) await writeStart(folder, { since: null, follows: null });
}

export async function writeStart(folder: string, start: HistoryStart): Promise<void> {
  await replaceFile(join(folder, START_FILE), JSON.stringify(start));
}
