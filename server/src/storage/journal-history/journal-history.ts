import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { AcceptedBatch } from '../../domain/columns/batch.ts';
import { messageOf } from '../../domain/errors.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import type { BackupKeys } from '../backup/backup-file.ts';
import { setAside, syncFolder, writeVerified } from '../durable-file.ts';
import { addDevices, DEVICES_FILE, readDevices, writeDevices } from './history-devices.ts';
import { type HistoryStart, readStart, START_FILE, writeStart } from './history-start.ts';
import { encodeRecords, type HistoryBatch, OPEN_SEGMENT, readOpenSegment, UNKNOWN_SEQUENCE } from './open-segment.ts';
import { describeDamage, sealSegments } from './seal-segments.ts';
import {
  describeHole,
  type HistoryDevice,
  type Hole,
  holeBetween,
  holesBetween,
  isWhole,
  placeOf,
  type Segment,
  segmentsIn,
} from './segments.ts';

/** Size and age at which a segment is sealed. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
const SEGMENT_MS = HOUR_MS;
/** Maximum number of holes that health lists individually. */
const MAX_LISTED_HOLES = 5;

export interface JournalHistoryOptions {
  readonly folder: string;
  readonly deviceOf: (id: string) => HistoryDevice | undefined;
  readonly keys: BackupKeys;
  readonly now: () => number;
  readonly journal: SourceJournal;
  /** Every batch that was acknowledged before this instant has been written here; without it, the present is assumed. */
  readonly settledUntil?: () => Promise<number>;
  /** Called for each damaged file, with a description of how it was handled. */
  readonly onDamage?: (message: string) => void;
}

/** The journal that feeds the history. */
export interface SourceJournal {
  /** Sequence number of the newest batch that the history has confirmed; 0: no batch was ever accepted; null: unknown. */
  readonly confirmed: number | null;
  /** Sequence number of the oldest batch after a given one that the journal still has; null: none. */
  readonly oldestAfter: (sequence: number) => Promise<number | null>;
}

/**
 * The journal history: every batch after its acknowledgement, so that a restore can continue from a backup to any later instant. It is fed
 * like a store. The open segment is plain; sealed ones are compressed and encrypted like backups. Damage does not stop it: damaged files
 * are set aside, their intact content is retained, and missing batches appear as a hole in the chain of sequence numbers.
 */
export class JournalHistory {
  readonly #options: JournalHistoryOptions;
  #devices = new Map<string, HistoryDevice>();
  #bytes = 0;
  #firstAt: number | null = null;
  /** Sequence number of the last batch of the chain; null: the next batch follows an interruption. */
  #last: number | null;
  /** As `#last`, for the first batch of the open segment. */
  #openFollows: number | null = null;
  #since: number;
  /** Sequence number of the batch before the oldest of the history; null: unknown. */
  #begin: number | null = null;
  /** Whether the record of the history's start was damaged or missing. */
  #isStartLost = false;
  /** Whether batches arrive already: earlier ones are not fed again until the next start. */
  #isFed = false;
  /** Number of the newest sealed segment. */
  #number = 0;
  #holes: readonly Hole[] = [];
  /** Names of damaged sealed segments. */
  readonly #damaged = new Set<string>();
  /** Why the folder cannot be used, or null. */
  #trouble: string | null = 'it was not opened yet';
  /** Writes and seals are serialised. */
  readonly #queue = new SerialQueue();

  private constructor(options: JournalHistoryOptions) {
    this.#options = options;
    this.#last = options.journal.confirmed;
    this.#since = options.now();
  }

  /** Opens the folder. If that fails, each write tries again, and batches wait in the journal meanwhile. */
  static async open(options: JournalHistoryOptions): Promise<JournalHistory> {
    const history = new JournalHistory(options);
    await history.#queue.run(() => history.#prepare()).catch((error: unknown) => history.#note(messageOf(error)));
    history.#isFed = true;
    return history;
  }

  get folder(): string {
    return this.#options.folder;
  }

  /** Every batch that was acknowledged from this instant is in the history, except for holes; epoch milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** Sequence number after which the history is to be fed; null: from the oldest batch. */
  get resumesAfter(): number | null {
    return this.#last;
  }

  /** Problems of the history, for its operator. */
  warnings(): string[] {
    const { folder } = this.#options;
    const trouble =
      this.#trouble === null ? [] : [`the journal's history in ${folder} cannot be written: ${this.#trouble}`];
    const more = this.#holes.length - MAX_LISTED_HOLES;
    const listed = this.#holes.slice(-MAX_LISTED_HOLES).map(describeHole).join('; ');
    const rest = more > 0 ? `; and ${more} earlier ones` : '';
    const lacks = `the journal's history lacks readings, which a restore to a later instant will not have: ${listed}${rest}`;
    return this.#holes.length === 0 ? trouble : [...trouble, lacks];
  }

  /** Synced to disk, and read back, when it resolves. */
  write(batches: readonly AcceptedBatch[]): Promise<void> {
    return this.#queue.run(() => this.#write(batches));
  }

  /**
   * Closes the open segment unless it is empty. Every batch acknowledged before the returned instant is in a sealed segment, or missing as
   * a hole.
   */
  seal(): Promise<number> {
    return this.#queue.run(async () => {
      if (this.#trouble !== null) await this.#prepare();
      const until = (await this.#options.settledUntil?.()) ?? this.#options.now();
      await this.#seal();
      return until;
    });
  }

  /** Deletes sealed segments that ended before an instant; returns their number. */
  prune(before: number): Promise<number> {
    return this.#queue.run(async () => {
      // The newest segment remains: a history without segments counts as lost.
      const old = (await segmentsIn(this.folder)).slice(0, -1).filter(({ end }) => end < before);
      if (old.length > 0) {
        this.#since = Math.max(this.#since, before);
        const { last } = old.at(-1)!;
        this.#begin = last === UNKNOWN_SEQUENCE ? null : last;
        await this.#writeStart();
      }
      for (const { path } of old) await rm(path, { recursive: true });
      await this.#findHoles();
      return old.length;
    });
  }

  /** Verifies the checksums of sealed segments. A damaged one remains in its place: a restore reads the part before the damage. */
  async verify(signal: AbortSignal): Promise<void> {
    for (const segment of await segmentsIn(this.folder)) {
      if (signal.aborted) return;
      const isIntact = await isWhole(segment).catch(() => false);
      if (isIntact) this.#damaged.delete(segment.name);
      else this.#damaged.add(segment.name);
    }
    await this.#queue.run(() => this.#findHoles());
  }

  async #prepare(): Promise<void> {
    const { folder, now } = this.#options;
    await this.#makeFolder();
    this.#devices = await readDevices(folder).catch(async (error: unknown) => {
      await this.#setAside(DEVICES_FILE, messageOf(error));
      return new Map<string, HistoryDevice>();
    });
    await this.#recover();
    const noted = await this.#readStart();
    if (noted?.since === null) this.#last = null;
    else await this.#resume();
    const [oldest] = await segmentsIn(folder);
    this.#since = (noted ? noted.since : oldest?.start) ?? now();
    this.#isStartLost = noted === undefined && oldest !== undefined && oldest.number > 0;
    // Without a recorded start and segments, a history that has confirmed batches has lost them.
    this.#begin = noted ? noted.follows : oldest || this.#last === null ? null : 0;
    await this.#writeStart();
    await this.#findHoles();
    this.#trouble = null;
  }

  async #makeFolder(): Promise<void> {
    const { folder, now } = this.#options;
    const isTaken = await stat(folder).then(
      (found) => !found.isDirectory(),
      () => false,
    );
    if (isTaken) this.#note(`${folder} is not a folder; it is now ${await setAside(folder, now())}`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(folder));
    // A folder that cannot be listed would appear empty.
    await readdir(folder);
  }

  /** Seals the intact part of the segment of an earlier process, and sets the segment aside if it lost batches. */
  async #recover(): Promise<void> {
    const { batches, damaged, error } = await readOpenSegment(this.folder);
    const segments = await segmentsIn(this.folder);
    this.#number = segments.at(-1)?.number ?? 0;
    const { keys } = this.#options;
    const deviceOf = (id: string) => this.#devices.get(id);
    this.#number = await sealSegments(batches, { folder: this.folder, number: this.#number, keys, deviceOf });
    const last = batches.at(-1) ?? lastOf(segments);
    // Bytes at the end of the last write that was never confirmed are not a loss.
    const isLost = batches.some((batch, i) => holeBetween(batches[i - 1] ?? null, batch) !== null);
    const isWhole = !isLost && this.#last !== null && last !== null && last.sequence >= this.#last;
    const reason = error ?? (damaged.length > 0 && !isWhole ? describeDamage(damaged) : null);
    if (reason === null) await rm(this.#file(OPEN_SEGMENT), { force: true });
    else await this.#setAside(OPEN_SEGMENT, reason);
    this.#bytes = 0;
    this.#firstAt = null;
  }

  /** Batches that the history lost after confirming them are fed again, as far as the journal still has them. */
  async #resume(): Promise<void> {
    const { journal } = this.#options;
    const { sequence } = lastOf(await segmentsIn(this.folder)) ?? { sequence: 0 };
    if (sequence === UNKNOWN_SEQUENCE) return;
    if (sequence > 0 && !this.#last) {
      // Killed before its first confirmation, or now fed from another journal.
      this.#last = (await journal.oldestAfter(sequence - 1)) === sequence ? sequence : null;
    } else if (this.#last !== null && sequence < this.#last && !this.#isFed) {
      const oldest = await journal.oldestAfter(sequence);
      if (oldest !== null) this.#last = Math.min(this.#last, oldest - 1);
    }
  }

  async #write(given: readonly AcceptedBatch[]): Promise<void> {
    try {
      if (this.#trouble !== null) await this.#prepare();
      if ((await this.#sizeOnDisk()) < this.#bytes) await this.#repair();
      await this.#append(given);
      this.#trouble = null;
    } catch (error) {
      this.#trouble = messageOf(error);
      throw error;
    }
  }

  /** Restores files that were removed or truncated while open. */
  async #repair(): Promise<void> {
    await this.#makeFolder();
    await this.#recover();
    await this.#writeStart();
    this.#devices.clear();
    await this.#findHoles();
  }

  async #append(given: readonly AcceptedBatch[]): Promise<void> {
    let follows = this.#last;
    const batches: HistoryBatch[] = [];
    for (const batch of given) {
      // A damaged batch is omitted: the next one refers to it, so that a reader detects the hole.
      if (batch.damage === undefined) batches.push({ ...batch, follows });
      follows = batch.sequence;
    }
    const isDamaged = batches.length < given.length;
    if (batches.length === 0) {
      this.#last = follows;
      return this.#findHoles();
    }
    if (addDevices(this.#devices, batches, this.#options.deviceOf)) await writeDevices(this.folder, this.#devices);
    const records = encodeRecords(batches);
    const file = await open(this.#file(OPEN_SEGMENT), this.#bytes === 0 ? 'w+' : 'r+', 0o600);
    try {
      // The partial data of a failed attempt is overwritten or truncated.
      await file.truncate(this.#bytes);
      await writeVerified(file, records, this.#bytes);
    } finally {
      await file.close();
    }
    if (this.#bytes === 0) {
      this.#openFollows = batches[0]!.follows;
      await syncFolder(this.folder);
    }
    this.#bytes += records.length;
    this.#last = follows;
    this.#firstAt ??= this.#options.now();
    const isOld = Math.abs(this.#options.now() - this.#firstAt) >= SEGMENT_MS;
    // A segment that ends makes its holes visible.
    if (this.#bytes >= SEGMENT_BYTES || isOld || isDamaged) await this.#seal();
  }

  async #seal(): Promise<void> {
    if (this.#bytes === 0) return;
    await this.#recover();
    await this.#findHoles();
  }

  /** As the function `readStart`; an unreadable record is set aside. */
  async #readStart(): Promise<HistoryStart | undefined> {
    try {
      return await readStart(this.folder);
    } catch (error) {
      await this.#setAside(START_FILE, messageOf(error));
      return undefined;
    }
  }

  async #findHoles(): Promise<void> {
    const segments = await segmentsIn(this.folder);
    const known = new Set(this.#holes.map(({ reason }) => reason));
    const damaged = segments.filter(({ name }) => this.#damaged.has(name)).map(damageOf);
    this.#holes = [...damaged, ...this.#holesIn(segments)];
    for (const hole of this.#holes)
      if (!known.has(hole.reason)) this.#note(`readings are missing ${describeHole(hole)}`);
  }

  /** Holes between the oldest batch and the next one. */
  #holesIn(segments: readonly Segment[]): Hole[] {
    const begin = { sequence: this.#begin ?? UNKNOWN_SEQUENCE, acceptedAt: this.#since };
    const follows = this.#bytes > 0 ? this.#openFollows : this.#last;
    const lost = {
      from: null,
      until: this.#since,
      reason: `${START_FILE} was lost, so that older batches may be missing`,
    };
    const isNew = segments.length === 0 && follows === null;
    const next = { follows, sequence: Number.POSITIVE_INFINITY, acceptedAt: this.#options.now() };
    const holes = holesBetween([begin, ...segments.map(placeOf), ...(isNew ? [] : [next])]);
    return this.#isStartLost ? [lost, ...holes] : holes;
  }

  #writeStart(): Promise<void> {
    return writeStart(this.folder, { since: this.#since, follows: this.#begin });
  }

  async #setAside(name: string, reason: string): Promise<void> {
    const aside = await setAside(this.#file(name), this.#options.now());
    this.#note(`${this.#file(name)} is damaged (${reason}); it is now ${aside}`);
  }

  async #sizeOnDisk(): Promise<number> {
    return stat(this.#file(OPEN_SEGMENT)).then(
      ({ size }) => size,
      () => 0,
    );
  }

  #note(message: string): void {
    this.#options.onDamage?.(message);
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }
}

function damageOf({ name, start, end }: Segment): Hole {
  return { from: start, until: end, reason: `the segment ${name} is damaged` };
}

function lastOf(segments: readonly Segment[]) {
  const last = segments.at(-1);
  return last === undefined ? null : placeOf(last);
}
