import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { z } from 'zod';
import { Conflict, Corrupt, NotFound } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import { type BackupKeys, readBackupFile, writeBackupFile } from '../backup/backup-file.ts';
import type { CopiedFiles } from '../backup/copied-files.ts';
import { sha256Of } from '../file-digest.ts';
import { DEVICES_FILE, readKnownDevices } from './history-devices.ts';
import { historySince } from './history-start.ts';
import type { JournalHistory } from './journal-history.ts';
import { isSegment, segmentsIn, spanOf } from './segments.ts';

/** Prefix of the copies of the journal history, next to the copies of backups. */
export const HISTORY_COPIES = 'journal/';

const INDEX = 'index.json';

/** A period in which every batch is in one of the segments. Epoch milliseconds. */
const Span = z.object({
  from: z.number(),
  /** Exclusive. */
  until: z.number(),
  segments: z.array(z.object({ name: z.string(), sha256: z.string() })),
});
type Span = z.infer<typeof Span>;

/** Sent last: a segment that it does not list counts as not copied. */
const Index = z.object({ devices: z.string().nullable(), spans: z.array(Span) });
type Index = z.infer<typeof Index>;

const NO_COPIES: Index = { devices: null, spans: [] };
const DEVICES = '.devices';

export interface SendWork {
  /** Folder for temporary files. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

export interface SentHistory {
  /** Number of newly sent segments. */
  readonly sent: number;
  /** Everything accepted before this instant is in the copies. */
  readonly until: string;
}

/**
 * Copies of the sealed segments of the journal history in an object store, each sent once and read back. An index lists the periods in
 * which the copies are complete, so that a restore never skips a missing part. Rejects with `Unavailable` while the place does not answer.
 */
export class HistoryCopies {
  readonly #files: CopiedFiles;
  readonly #keys: BackupKeys;
  /** Each change to the index reads it first. */
  readonly #queue = new SerialQueue();

  constructor(files: CopiedFiles, keys: BackupKeys) {
    this.#files = files;
    this.#keys = keys;
  }

  get place(): string {
    return this.#files.place;
  }

  /** Seals the open segment and sends all segments without a copy. @throws Corrupt when the place returns other content than was sent */
  send(history: JournalHistory, work: SendWork): Promise<SentHistory> {
    return this.#queue.run(() => this.#send(history, work));
  }

  /** Deletes segments that ended before an instant, and devices that no index refers to; returns the number of segments. */
  prune(before: number, scratch: string): Promise<number> {
    return this.#queue.run(async () => {
      const { devices, spans } = await this.#readIndex(scratch);
      const kept = spans.filter(({ until }) => until > before).map((span) => spanAfter(span, before));
      const names = await this.#files.names();
      const old = names.filter((name) => isSegment(name) && spanOf(name).end < before);
      if (old.length > 0) await this.#writeIndex({ devices, spans: kept }, scratch);
      const renamed = names.filter((name) => name.endsWith(DEVICES) && name !== devices);
      for (const name of [...old, ...renamed]) await this.#files.remove(name);
      return old.length;
    });
  }

  /** Periods in which every batch is in the copies, oldest first; `until` is exclusive. */
  async spans(scratch: string): Promise<readonly { from: number; until: number }[]> {
    return (await this.#readIndex(scratch)).spans;
  }

  /**
   * Fetches the batches that were accepted within a period into a folder, as a journal history.
   * @throws Conflict when the copies lack a part of that period, Corrupt when a copy is missing or damaged
   */
  async fetch({ from, to }: { from: number; to: number }, folder: string, signal: AbortSignal): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { devices, spans } = await this.#readIndex(folder);
    const span = spans.find((of) => of.from <= from && to < of.until);
    if (span === undefined) throw new Conflict(this.#lacking(spans, from, to));
    for (const { name, sha256 } of span.segments) {
      signal.throwIfAborted();
      const { start, end } = spanOf(name);
      if (end < from || start > to) continue;
      await this.#fetchWhole(name, join(folder, name));
      const found = await sha256Of(join(folder, name));
      if (found !== sha256) throw new Corrupt(`the copied journal segment ${name} in ${this.place} is damaged`);
    }
    if (devices === null) return;
    const wrapped = join(folder, devices);
    await this.#fetchWhole(devices, wrapped);
    for await (const { data } of readBackupFile(wrapped, this.#keys)) {
      await writeFile(join(folder, DEVICES_FILE), data, { mode: 0o600 });
    }
  }

  /** An undamaged copy of a sealed segment, fetched into a folder; null without one. */
  async fetchSegment(name: string, folder: string): Promise<string | null> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { spans } = await this.#readIndex(folder);
    const listed = spans.flatMap(({ segments }) => segments).find((segment) => segment.name === name);
    if (listed === undefined) return null;
    const path = join(folder, name);
    await this.#fetchWhole(name, path);
    return (await sha256Of(path)) === listed.sha256 ? path : null;
  }

  async #send(history: JournalHistory, { scratch, signal, progress }: SendWork): Promise<SentHistory> {
    const until = await history.seal();
    const { folder } = history;
    const here = await segmentsIn(folder);
    // Read after the list: a segment that is deleted meanwhile moves this forward, so the index never claims more than the list contains.
    const { since } = history;
    const { devices, spans } = await this.#readIndex(scratch).catch(withoutIndex);
    const last = spans.at(-1);
    // The time between two spans was never in this history, or was deleted before it could be sent.
    const goesOn = last !== undefined && since <= last.until;
    const before = goesOn ? last.segments : [];
    const from = goesOn ? last.from : since;
    const there = new Set(await this.#files.names());
    const known = new Set(before.map(({ name }) => name).filter((name) => there.has(name)));
    // A segment that ended earlier was pruned there already, and may still exist here.
    const fresh = here.filter(({ name, end }) => end >= from && !known.has(name));
    const sent: Span['segments'] = [];
    for (const [i, { name, path }] of fresh.entries()) {
      signal.throwIfAborted();
      progress(i / fresh.length, name);
      sent.push({ name, sha256: await this.#files.put({ name, path }, join(scratch, 'read')) });
    }
    const replaced = new Set(sent.map(({ name }) => name));
    const segments = [...before.filter(({ name }) => !replaced.has(name)), ...sent].sort(byName);
    const span = { from, until, segments };
    const named = await this.#sendDevices(folder, devices, there, scratch, signal);
    await this.#writeIndex({ devices: named, spans: [...(goesOn ? spans.slice(0, -1) : spans), span] }, scratch);
    return { sent: fresh.length, until: formatInstant(until) };
  }

  /** Sends the devices' names and labels in a file named by its digest, encrypted like segments: they are private. */
  async #sendDevices(
    folder: string,
    before: string | null,
    there: ReadonlySet<string>,
    scratch: string,
    signal: AbortSignal,
  ): Promise<string> {
    const data = Buffer.from(JSON.stringify(Object.fromEntries(await readKnownDevices(folder))));
    const name = createHash('sha256').update(data).digest('hex') + DEVICES;
    if (name === before && there.has(name)) return name;
    const path = join(scratch, name);
    await rm(path, { force: true });
    const entries = async function* () {
      yield { name: DEVICES_FILE, data };
    };
    await writeBackupFile(path, entries(), this.#keys, signal);
    await this.#files.put({ name, path }, join(scratch, 'read'));
    return name;
  }

  /** @throws Corrupt */
  async #readIndex(scratch: string): Promise<Index> {
    const path = join(scratch, `fetched-${INDEX}`);
    try {
      await this.#files.fetch(INDEX, path);
    } catch (error) {
      if (error instanceof NotFound) return NO_COPIES;
      throw error;
    }
    try {
      return Index.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (cause) {
      throw new Corrupt(`the index of the copied journal in ${this.place} cannot be read`, { cause });
    }
  }

  async #writeIndex(index: Index, scratch: string): Promise<void> {
    const path = join(scratch, INDEX);
    await writeFile(path, JSON.stringify(index));
    await this.#files.put({ name: INDEX, path }, join(scratch, 'read'));
  }

  async #fetchWhole(name: string, path: string): Promise<void> {
    try {
      await this.#files.fetch(name, path);
    } catch (cause) {
      if (!(cause instanceof NotFound)) throw cause;
      throw new Corrupt(`the copy of ${name} in ${this.place} is missing: ${cause.message}`, { cause });
    }
  }

  #lacking(spans: readonly Span[], from: number, to: number): string {
    const reach = spans.map((span) => `from ${formatInstant(span.from)} until ${formatInstant(span.until)}`);
    const there = reach.length === 0 ? 'there are none' : `they reach ${reach.join(', and ')}`;
    return `the copies of the journal in ${this.place} do not cover the time from the start of the backup, ${formatInstant(from)}, to ${formatInstant(to)}: ${there}. Choose an instant within, or another backup`;
  }
}

/** An unreadable index is replaced: every segment of this machine is sent again. */
function withoutIndex(error: unknown): Index {
  if (error instanceof Corrupt) return NO_COPIES;
  throw error;
}

/** The remainder of a span after segments that ended before an instant are deleted. */
function spanAfter(span: Span, before: number): Span {
  const segments = span.segments.filter(({ name }) => spanOf(name).end >= before);
  return segments.length === span.segments.length ? span : { ...span, from: Math.max(span.from, before), segments };
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** Locations of the journal history. */
export interface HistoryPlaces {
  /** The journal history of this machine. */
  readonly folder: string;
  /** null when none are configured. */
  readonly copies: HistoryCopies | null;
}

/**
 * A folder with every batch that was acknowledged within a period: the history of this machine where it reaches back far enough, otherwise
 * segments fetched from its copies.
 * @throws Conflict when neither is complete, otherwise as `HistoryCopies.fetch`
 */
export async function historyBetween(
  places: HistoryPlaces,
  span: { from: number; to: number; sequence?: number | undefined },
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<string> {
  const since = await historySince(places.folder);
  if (since !== null && since <= span.from) return places.folder;
  const [first] = await segmentsIn(places.folder);
  const goesOn = typeof first?.follows === 'number' && span.sequence !== undefined && first.follows <= span.sequence;
  if (since !== null && goesOn) return places.folder;
  if (places.copies !== null) {
    await places.copies.fetch(span, folder, signal);
    return folder;
  }
  throw new Conflict(
    since === null
      ? `there is no journal history in ${places.folder}, which a restore to an instant needs`
      : `the journal history begins at ${formatInstant(since)}, after the start of the backup, ${formatInstant(span.from)}: take a later backup`,
  );
}
