import { type AcceptedBatch, type Block, bytesOf } from '../domain/columns/batch.ts';
import { Conflict, messageOf, Unavailable } from '../domain/errors.ts';
import {
  type Appended,
  type Journal,
  type JournalDamage,
  JournalGone,
  type JournalOrigin,
  type JournalStats,
  type JournalTrouble,
  type Quarantined,
  type QuarantineEntry,
} from './journal.ts';
import type { DiskJournal, PlacedBatch } from './sqlite-journal.ts';
import { within } from './within.ts';

export interface FallbackOptions {
  /** Opens the journal on disk; a reopening accepts only the file with the identity of the first. */
  readonly open: (identity: string | null) => Promise<DiskJournal>;
  readonly now: () => number;
  /** Called when the disk stops accepting batches, and when it accepts them again. */
  readonly onChange: (trouble: JournalTrouble | null) => void;
  /** Maximum size of the readings held in memory until the disk works again. */
  readonly maxBytes?: number;
  /** Time before the first retry of the disk, and the maximum time between retries. */
  readonly firstWaitMs?: number;
  readonly maxWaitMs?: number;
  /** A commit that takes longer counts as failed. */
  readonly maxCommitMs?: number;
  /** Interval at which the presence of the file is checked. */
  readonly watchMs?: number;
}

/** An append that waits for its sequence. */
interface Waiting extends Omit<PlacedBatch, 'sequence'> {
  readonly bytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

interface Held extends PlacedBatch {
  readonly acceptedAt: number;
  readonly bytes: number;
}

const MAX_BYTES = 64 * 1024 * 1024;
/** Maximum size of the batches in one commit. */
const MAX_GROUP_BYTES = 8 * 1024 * 1024;
const FIRST_WAIT_MS = 2_000;
const MAX_WAIT_MS = 30_000;
const MAX_COMMIT_MS = 15_000;
const WATCH_MS = 5_000;

/**
 * Orders batches, and continues when the disk fails (full, removed, damaged, hanging): batches are then held in memory, acknowledged with
 * `durable` false, and written when the disk recovers. Stores still receive them in the meantime. Batches beyond the memory limit are
 * rejected, so that the sender retains them.
 *
 * One group of batches is placed at a time, on disk or in memory; appends that arrive meanwhile share the next commit. So batches
 * become readable in the order of their sequences whatever fails; the disk always has a prefix of that order and memory the remainder. A
 * sequence that was sent to the disk is never reused: the disk may have stored it although it reported a failure.
 */
export class FallbackJournal implements Journal {
  readonly #options: FallbackOptions;
  #disk: DiskJournal;
  #trouble: JournalTrouble | null = null;
  #waiting: Waiting[] = [];
  #placing: Promise<void> | null = null;
  /** The group that is being placed. */
  #inPlace: Promise<void> = Promise.resolve();
  #held: Held[] = [];
  #heldBytes = 0;
  /** Newest sequence assigned, that of the newest accepted batch, and that of the newest batch on disk. */
  #given: number;
  #head: number;
  #onDisk: number;
  #cursors: ReadonlyMap<string, number> | null = null;
  /** Appends wait for it while the last held batches are written or handed over, so that recovery ends however fast they arrive. */
  #pause: PromiseWithResolvers<void> | null = null;
  #wait: number;
  /** A connection that is being opened, which may take as long as the disk hangs. */
  #opening: Promise<DiskJournal> | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #watch: NodeJS.Timeout;
  #recovering: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: FallbackOptions, disk: DiskJournal) {
    this.#options = options;
    this.#disk = disk;
    this.#given = this.#head = this.#onDisk = disk.head();
    this.#wait = options.firstWaitMs ?? FIRST_WAIT_MS;
    this.#watch = setInterval(() => this.#verify(), options.watchMs ?? WATCH_MS).unref();
  }

  /** Opens the journal on disk, which must work at this time: rejects as `open` does. */
  static async open(options: FallbackOptions): Promise<FallbackJournal> {
    return new FallbackJournal(options, await options.open(null));
  }

  get durable(): boolean {
    return this.#trouble === null;
  }

  get trouble(): JournalTrouble | null {
    return this.#trouble;
  }

  append(blocks: readonly Block[], quarantined: readonly Quarantined[]): Promise<Appended> {
    const bytes = blocks.reduce((sum, block) => sum + bytesOf(block), 0);
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Unavailable('the journal is closed'));
      this.#waiting.push({ blocks, quarantined, receivedAt: this.#options.now(), bytes, resolve, reject });
      this.#placing ??= this.#placeAll();
    });
  }

  damage(): JournalDamage | null {
    return this.#disk.damage();
  }

  async read(after: number, maxBytes: number): Promise<AcceptedBatch[]> {
    const end = this.#onDisk;
    // Snapshot: a batch written to disk during the read would be neither in its result up to `end` nor still held.
    const held = this.#held.filter(({ sequence }) => sequence > Math.max(after, end));
    const read = after < end ? await this.#disk.read(after, maxBytes) : [];
    // After `end` the disk may have batches whose commit was reported as failed.
    const batches = read.filter(({ sequence }) => sequence <= end);
    if (batches.length > 0 && (batches.at(-1) as AcceptedBatch).sequence < end) return batches;
    return [...batches, ...held];
  }

  origin(): Promise<JournalOrigin> {
    return this.#disk.origin();
  }

  cursors(): Promise<Map<string, number>> {
    return this.#disk.cursors();
  }

  async advance(cursors: ReadonlyMap<string, number>): Promise<void> {
    if (this.#trouble === null) return this.#disk.advance(cursors);
    this.#cursors = cursors;
    const taken = Math.min(...cursors.values());
    this.#release((batch) => batch.sequence <= taken && batch.quarantined.length === 0);
  }

  head(): number {
    return this.#head;
  }

  async stats(): Promise<JournalStats> {
    const onDisk = this.#disk.stats();
    const { batches, bytes, oldestAt } = await (this.#trouble ? onDisk.catch(() => NOTHING) : onDisk);
    return {
      batches: batches + this.#held.length,
      bytes: bytes + this.#heldBytes,
      oldestAt: oldestAt ?? this.#held[0]?.acceptedAt ?? null,
    };
  }

  quarantineRoom(): number {
    const entries = [...this.#held, ...this.#waiting];
    const held = entries.reduce((sum, { quarantined }) => sum + quarantined.length, 0);
    return Math.max(this.#disk.quarantineRoom() - held, 0);
  }

  quarantined(limit: number, before: number | null): Promise<QuarantineEntry[]> {
    return this.#disk.quarantined(limit, before);
  }

  findQuarantined(ids: readonly number[]): Promise<QuarantineEntry[]> {
    return this.#disk.findQuarantined(ids);
  }

  dropQuarantined(ids: readonly number[]): Promise<void> {
    return this.#disk.dropQuarantined(ids);
  }

  /**
   * Hands over all held batches to `take`, oldest first, while appends wait. Afterwards none is held and no further batch is accepted. If
   * `take` rejects, this rejects as well and all batches are still held.
   * @throws Conflict if the disk works again
   */
  async handOver(take: (held: readonly PlacedBatch[]) => Promise<void>): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    await this.#recovering;
    if (this.#trouble === null) throw new Conflict('the journal works again: it holds nothing in memory');
    this.#pause = Promise.withResolvers();
    try {
      await this.#inPlace;
      await take(this.#held);
      this.#closed = true;
      this.#release(() => true);
      const later = new Unavailable('the service is restarting: send these readings again', { retryAfterS: 5 });
      for (const { reject } of this.#waiting.splice(0)) reject(later);
    } finally {
      this.#pause.resolve();
      this.#pause = null;
      if (!this.#closed) this.#tryLater();
    }
  }

  /** Copies the journal's database, also after its file was removed. */
  copyTo(path: string): Promise<void> {
    return this.#disk.copyTo(path);
  }

  /** Tries the disk again. Rejects if batches remain that no store has taken. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    await this.#placing;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#recovering;
    try {
      if (this.#trouble) await this.#recover();
    } catch (error) {
      if (this.#held.length === 0) return;
      const lost = `${this.#held.length} batches that were acknowledged as not durable are lost: ${messageOf(error)}`;
      throw new Unavailable(lost, { cause: error });
    } finally {
      await this.#inTime(this.#disk.close());
    }
  }

  async #placeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#pause?.promise;
      this.#inPlace = this.#place(this.#waiting.splice(0, groupLength(this.#waiting)));
      await this.#inPlace;
    }
    this.#placing = null;
  }

  /** Assigns sequences to batches: on disk, or in memory if the disk fails. An invalid batch is rejected individually. */
  async #place(group: readonly Waiting[]): Promise<void> {
    const placed = group.map((entry) => ({ ...entry, sequence: ++this.#given }));
    if (this.#trouble) return this.#hold(placed);
    try {
      const acceptedAt = await this.#inTime(this.#disk.write(placed));
      this.#head = this.#onDisk = this.#given;
      for (const { resolve, sequence } of placed) resolve({ sequence, durable: true, acceptedAt });
    } catch (error) {
      if (error instanceof Unavailable) {
        this.#fail(error);
        this.#hold(placed);
      } else if (group.length === 1) group[0]?.reject(error);
      else for (const entry of group) await this.#place([entry]);
    }
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    const ms = this.#options.maxCommitMs ?? MAX_COMMIT_MS;
    return within(ms, work, () => new Unavailable(`the disk with the journal has not answered for ${ms / 1000} s.`));
  }

  #hold(group: readonly (Waiting & PlacedBatch)[]): void {
    const acceptedAt = this.#options.now();
    for (const { resolve, reject, ...entry } of group) {
      if (this.#heldBytes + entry.bytes > (this.#options.maxBytes ?? MAX_BYTES)) {
        const message = `${this.#trouble?.error} The memory limit for readings is reached: send these readings again later.`;
        reject(new Unavailable(message, { retryAfterS: 30 }));
        continue;
      }
      this.#held.push({ ...entry, acceptedAt });
      this.#heldBytes += entry.bytes;
      this.#head = entry.sequence;
      resolve({ sequence: entry.sequence, durable: false, acceptedAt });
    }
  }

  #release(done: (batch: Held) => boolean): void {
    this.#held = this.#held.filter((batch) => !done(batch));
    this.#heldBytes = this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Detects that the data folder was removed, also while no readings arrive. */
  #verify(): void {
    const disk = this.#disk;
    disk.verify().catch((error: unknown) => {
      if (this.#disk === disk && !this.#closed) this.#fail(error);
    });
  }

  #fail(error: unknown): void {
    if (this.#trouble) return;
    this.#trouble = { ...this.#describe(error), since: this.#options.now() };
    this.#options.onChange(this.#trouble);
    this.#tryLater();
  }

  #describe(error: unknown): Pick<JournalTrouble, 'error' | 'gone'> {
    return { error: messageOf(error), gone: error instanceof JournalGone };
  }

  #tryLater(): void {
    this.#timer = setTimeout(() => {
      this.#recovering = this.#tryAgain();
    }, this.#wait);
    this.#timer.unref();
    this.#wait = Math.min(this.#wait * 2, this.#options.maxWaitMs ?? MAX_WAIT_MS);
  }

  async #tryAgain(): Promise<void> {
    try {
      await this.#recover();
      this.#wait = this.#options.firstWaitMs ?? FIRST_WAIT_MS;
    } catch (error) {
      this.#trouble = { ...this.#describe(error), since: (this.#trouble as JournalTrouble).since };
      if (!this.#closed) this.#tryLater();
    }
  }

  /** Reopens the disk and writes all held batches to it. Resolves when none is held, otherwise rejects. */
  async #recover(): Promise<void> {
    const broken = this.#disk;
    this.#disk = await this.#reopened();
    broken.close().catch(() => {
      // The old connection is broken, which is why it is replaced.
    });
    try {
      while (this.#held.length > 0) await this.#writeHeld();
      // There must be no await between the last check for held batches and this line: an append in between would be held forever.
      this.#onDisk = this.#head;
      this.#trouble = null;
    } finally {
      this.#pause?.resolve();
      this.#pause = null;
    }
    this.#options.onChange(null);
    const cursors = this.#cursors;
    this.#cursors = null;
    if (cursors === null) return;
    await this.#disk.advance(cursors).catch(() => {
      // Stores receive batches again that they have, which has no effect, unless a later call succeeds.
    });
  }

  /** Writes the oldest held batches, up to the size of one commit. */
  async #writeHeld(): Promise<void> {
    const group = this.#held.slice(0, groupLength(this.#held));
    if (group.length === this.#held.length) this.#pause ??= Promise.withResolvers();
    const last = group.at(-1)!.sequence;
    await this.#inTime(this.#disk.write(group));
    this.#onDisk = last;
    this.#release(({ sequence }) => sequence <= last);
  }

  async #reopened(): Promise<DiskJournal> {
    if (this.#opening === null) {
      this.#opening = this.#options.open(this.#disk.identity);
      this.#opening.catch(() => {
        this.#opening = null;
      });
    }
    const disk = await this.#inTime(this.#opening);
    this.#opening = null;
    return disk;
  }
}

const NOTHING: JournalStats = { batches: 0, bytes: 0, oldestAt: null };

/** Number of batches that share the next commit: at least one. */
function groupLength(entries: readonly { readonly bytes: number }[]): number {
  let bytes = 0;
  const end = entries.findIndex((entry) => {
    bytes += entry.bytes;
    return bytes > MAX_GROUP_BYTES;
  });
  return end === -1 ? entries.length : Math.max(end, 1);
}
