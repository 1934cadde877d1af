import type { AcceptedBatch, Block } from '../domain/batch.ts';
import { messageOf, Unavailable } from '../domain/errors.ts';
import type { Appended, Journal, JournalStats, JournalTrouble, Quarantined, QuarantineEntry } from './journal.ts';
import type { DiskJournal } from './sqlite-journal.ts';

export interface FallbackOptions {
  readonly open: () => Promise<DiskJournal>;
  readonly now: () => number;
  /** Told when the disk stops taking batches, and when it takes them again. */
  readonly onChange: (trouble: JournalTrouble | null) => void;
  /** Bytes of readings that memory holds for the disk. */
  readonly maxBytes?: number;
  /** Waits before the first try of the disk again, and the longest one. */
  readonly firstWaitMs?: number;
  readonly longestWaitMs?: number;
}

interface Held extends AcceptedBatch {
  readonly quarantined: readonly Quarantined[];
  readonly bytes: number;
}

const MAX_BYTES = 64 * 1024 * 1024;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Goes on when the disk does not take batches any more (full, gone, damaged): they are held in memory, and `durable` says so, until a later
 * try brings them to the disk in their own places of the order. Stores take them meanwhile, as far as they work. What memory cannot hold is
 * turned away, so that the sender keeps it.
 */
export class FallbackJournal implements Journal {
  readonly #options: FallbackOptions;
  #disk: DiskJournal;
  #trouble: JournalTrouble | null = null;
  #held: Held[] = [];
  #heldBytes = 0;
  /** Newest place in the order that was given away, and that of the newest batch that was taken. */
  #given: number;
  #head: number;
  #cursors: ReadonlyMap<string, number> | null = null;
  #wait: number;
  #timer: NodeJS.Timeout | null = null;
  #healing: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: FallbackOptions, disk: DiskJournal) {
    this.#options = options;
    this.#disk = disk;
    this.#given = disk.head();
    this.#head = disk.head();
    this.#wait = options.firstWaitMs ?? FIRST_WAIT_MS;
  }

  /** Opens the journal on disk, which has to work at this moment: rejects as `open` does. */
  static async open(options: FallbackOptions): Promise<FallbackJournal> {
    return new FallbackJournal(options, await options.open());
  }

  get durable(): boolean {
    return this.#trouble === null;
  }

  get trouble(): JournalTrouble | null {
    return this.#trouble;
  }

  async append(blocks: readonly Block[], quarantined: readonly Quarantined[]): Promise<Appended> {
    const sequence = ++this.#given;
    const onDiskAt = this.#trouble === null ? await this.#reaches(sequence, blocks, quarantined) : null;
    const acceptedAt = onDiskAt ?? this.#hold(sequence, blocks, quarantined);
    this.#head = Math.max(this.#head, sequence);
    return { sequence, durable: onDiskAt !== null, acceptedAt };
  }

  async read(after: number, maxBytes: number): Promise<AcceptedBatch[]> {
    const batches = await this.#disk.read(after, maxBytes);
    const held = this.#held.filter(({ sequence }) => sequence > after);
    if (held.length === 0) return batches;
    const from = batches.at(-1)?.sequence ?? after;
    // Batches of the disk beyond this part come first; the held ones follow once they are the next in order.
    const more = batches.length > 0 && (await this.#disk.read(from, 1)).length > 0;
    const known = new Set(batches.map(({ sequence }) => sequence));
    const next = held.filter(({ sequence }) => !known.has(sequence) && (!more || sequence < from));
    return [...batches, ...next].sort((a, b) => a.sequence - b.sequence);
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
    const { batches, bytes, oldestAt } = await this.#disk.stats();
    return {
      batches: batches + this.#held.length,
      bytes: bytes + this.#heldBytes,
      oldestAt: oldestAt ?? this.#held[0]?.acceptedAt ?? null,
    };
  }

  quarantineRoom(): number {
    const held = this.#held.reduce((sum, { quarantined }) => sum + quarantined.length, 0);
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

  /** Tries the disk once more. Rejects when batches that no store has taken stay behind. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#healing;
    try {
      if (this.#held.length > 0) await this.#flush();
    } catch (error) {
      const lost = `${this.#held.length} batches that were acknowledged as not durable are lost: ${messageOf(error)}`;
      throw new Unavailable(lost, { cause: error });
    } finally {
      await this.#disk.close();
    }
  }

  /** When the disk has taken a batch, or null. Rejects where memory is no help: what was given is wrong, or all is over. */
  async #reaches(
    sequence: number,
    blocks: readonly Block[],
    quarantined: readonly Quarantined[],
  ): Promise<number | null> {
    try {
      return await this.#disk.appendAs(sequence, blocks, quarantined);
    } catch (error) {
      if (!(error instanceof Unavailable) || this.#closed) throw error;
      this.#fall(error);
      return null;
    }
  }

  /** Answers when memory has taken it. */
  #hold(sequence: number, blocks: readonly Block[], quarantined: readonly Quarantined[]): number {
    const bytes = blocks.reduce((sum, { device, columns }) => sum + 8 * device.length * (columns.length + 2), 0);
    if (this.#closed || this.#heldBytes + bytes > (this.#options.maxBytes ?? MAX_BYTES)) {
      throw new Unavailable(
        `${this.#trouble?.error ?? 'the journal is closed'} Memory holds as many readings as it may: send these again later.`,
        { retryAfterS: 30 },
      );
    }
    const acceptedAt = this.#options.now();
    this.#held.push({ sequence, blocks, quarantined, bytes, acceptedAt });
    this.#heldBytes += bytes;
    return acceptedAt;
  }

  #release(done: (batch: Held) => boolean): void {
    this.#held = this.#held.filter((batch) => !done(batch));
    this.#heldBytes = this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #fall(error: unknown): void {
    if (this.#trouble) return;
    this.#trouble = { error: messageOf(error), since: this.#options.now() };
    this.#options.onChange(this.#trouble);
    this.#tryLater();
  }

  #tryLater(): void {
    this.#timer = setTimeout(() => {
      this.#healing = this.#heal();
    }, this.#wait);
    this.#timer.unref();
    this.#wait = Math.min(this.#wait * 2, this.#options.longestWaitMs ?? LONGEST_WAIT_MS);
  }

  async #heal(): Promise<void> {
    try {
      await this.#flush();
      this.#wait = this.#options.firstWaitMs ?? FIRST_WAIT_MS;
      this.#trouble = null;
      this.#options.onChange(null);
    } catch (error) {
      this.#trouble = { error: messageOf(error), since: (this.#trouble as JournalTrouble).since };
      if (!this.#closed) this.#tryLater();
    }
  }

  /** Brings everything that is held to the disk, through a connection opened anew; ends with nothing held, or rejects. */
  async #flush(): Promise<void> {
    await this.#disk.close().catch(() => {
      // It does not work any more, which is why it is opened anew.
    });
    this.#disk = await this.#options.open();
    for (let batch = this.#held[0]; batch !== undefined; batch = this.#held[0]) {
      const { sequence, blocks, quarantined, acceptedAt } = batch;
      await this.#disk.appendAs(sequence, blocks, quarantined, acceptedAt);
      this.#release((other) => other.sequence === sequence);
    }
    if (this.#cursors) await this.#disk.advance(this.#cursors);
    this.#cursors = null;
  }
}
