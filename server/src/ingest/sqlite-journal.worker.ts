import { messageOf, Unavailable } from '../domain/errors.ts';
import { serveCalls } from '../domain/worker-calls.ts';
import { JournalGone, journalFailure } from './journal.ts';
import type { LostLog } from './lost-log.ts';
import { type DamagedEntry, type EncodedBatch, FileGone, isOfDisk, JournalFile } from './sqlite-journal-file.ts';

let file: JournalFile;
let path = '';

const methods = {
  async open(_: AbortSignal, at: string, now: number, lostLog: LostLog | null) {
    path = at;
    try {
      file = new JournalFile(at, now, lostLog);
    } catch (cause) {
      throw new Unavailable(journalFailure(at, messageOf(cause)), { cause });
    }
    const [identity, head, quarantined] = [file.identity, file.head(), file.quarantineCount()];
    return { value: { identity, head, quarantined, damage: file.damage() } };
  },
  /** Gives the number of values in the quarantine; null where it has not changed. */
  async write(
    _: AbortSignal,
    batches: readonly EncodedBatch[],
    /** Acknowledgements since the call before: sequence and instant. */
    acknowledged: readonly (readonly [number, number])[],
  ) {
    file.write(batches, acknowledged);
    return { value: batches.some(({ quarantined }) => quarantined.length > 0) ? file.quarantineCount() : null };
  },
  async verify() {
    return { value: file.verify() };
  },
  async read(_: AbortSignal, after: number, maxBytes: number) {
    return { value: file.read(after, maxBytes) };
  },
  async damaged(_: AbortSignal, entries: readonly DamagedEntry[], now: number) {
    file.noteDamaged(entries, now);
    return { value: file.damage() };
  },
  async cursors() {
    return { value: file.cursors() };
  },
  async origin() {
    return { value: file.origin() };
  },
  async advance(_: AbortSignal, cursors: readonly (readonly [string, number])[]) {
    return { value: file.advance(cursors) };
  },
  async stats() {
    return { value: file.stats() };
  },
  async quarantined(_: AbortSignal, limit: number, before: number | null) {
    return { value: file.quarantined(limit, before) };
  },
  async find(_: AbortSignal, ids: readonly number[]) {
    return { value: file.find(ids) };
  },
  /** Gives the number of values in the quarantine. */
  async drop(_: AbortSignal, ids: readonly number[]) {
    file.drop(ids);
    return { value: file.quarantineCount() };
  },
  async copy(_: AbortSignal, to: string) {
    return { value: file.copy(to) };
  },
  async close() {
    return { value: file.close() };
  },
};

/** What the journal's thread serves. */
export type JournalMethods = typeof methods;

function explain(cause: unknown): unknown {
  if (cause instanceof FileGone) return new JournalGone(journalFailure(path, cause.message), { cause });
  return isOfDisk(cause) ? new Unavailable(journalFailure(path, messageOf(cause)), { cause }) : cause;
}

serveCalls(methods, explain);
