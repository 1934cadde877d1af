import { join } from 'node:path';
import { Corrupt } from '../../domain/errors.ts';
import { readOptional, replaceFile } from '../durable-file.ts';
import { segmentsIn } from './segments.ts';

/**
 * Folder of the journal's history in the data folder. On disk it keeps the name that it had when the history was called an archive, so that
 * installations find theirs; the same holds for `HISTORY_CURSOR`.
 */
export const JOURNAL_HISTORY_FOLDER = 'journal-archive';
export const START_FILE = 'since.json';

/** From when on the history has every batch (null: it was interrupted), and which batch it follows (null: unknown). */
export interface HistoryStart {
  readonly since: number | null;
  readonly follows: number | null;
}

/** The note of the start; undefined where there is none. Rejects where it cannot be read. */
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
 * From when on the history has every batch, epoch milliseconds; null where there is no history, or one that was interrupted and holds nothing
 * since.
 */
export async function historySince(folder: string): Promise<number | null> {
  const noted = await readStart(folder).catch(() => undefined);
  if (noted !== undefined) return noted.since;
  // Of an earlier version, or damaged: it has everything from its first batch on, if not for longer.
  return (await segmentsIn(folder))[0]?.start ?? null;
}

/** Notes that what is accepted from now on is not kept: a history that is opened later begins again. */
export async function interruptJournalHistory(folder: string): Promise<void> {
  if ((await historySince(folder)) !== null) await writeStart(folder, { since: null, follows: null });
}

export async function writeStart(folder: string, start: HistoryStart): Promise<void> {
  await replaceFile(join(folder, START_FILE), JSON.stringify(start));
}
