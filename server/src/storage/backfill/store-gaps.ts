import { z } from 'zod';
import type { Batch } from '../../domain/columns/batch.ts';
import type { TelemetryStore } from '../backend.ts';
import { markOf, readMark } from '../layers/journal-marks.ts';

/** A store lacks readings, or may lack them. */
export interface StoreGap {
  /** The missing readings arrived before this instant, epoch milliseconds. */
  readonly until: number;
  /** `added`: the store is new; `left_out`: it was not configured for a time; `replaced`: its data is lost or older than before. */
  readonly reason: 'added' | 'left_out' | 'replaced';
}

const Kept = z.object({
  journal: z.number(),
  /** Readings were recorded before the journal. */
  has_history: z.boolean(),
  stores: z.array(
    z.object({
      name: z.string(),
      marked: z.boolean(),
      fills: z.number(),
      gap: z.object({ until: z.number(), reason: z.enum(['added', 'left_out', 'replaced']) }).nullable(),
    }),
  ),
});
type Kept = z.infer<typeof Kept>;
type StoreState = Kept['stores'][number];

export interface StoreGapsOptions {
  readonly journal: {
    origin(): Promise<{ readonly id: number; readonly trimmed: number }>;
    cursors(): Promise<ReadonlyMap<string, number>>;
    head(): number;
  };
  /** Configured stores. */
  readonly names: readonly string[];
  /** Whether the records contain series. */
  readonly hasHistory: () => Promise<boolean>;
  readonly load: () => Promise<unknown>;
  readonly save: (state: unknown) => Promise<void>;
  /** Called when a gap is found, before it is recorded: after an interruption, it is found again. */
  readonly onGap: (store: string, gap: StoreGap) => Promise<void>;
  readonly now: () => number;
}

/**
 * Detects stores that lack readings. The journal drops a batch once every configured store has it, so a store that was not configured then,
 * or that lost data, lacks it silently: each store is compared with the journal whenever it is opened, by its cursor and by the mark in the
 * store itself.
 */
export class StoreGaps {
  readonly #options: StoreGapsOptions;
  readonly #journal: number;
  /** Newest batch that each store has confirmed, initially from the journal. */
  readonly #confirmed: Map<string, number>;
  readonly #isKnown: (name: string) => boolean;
  readonly #hasHistory: boolean;
  readonly #states: Map<string, StoreState>;
  /** Sequence numbers after which compared stores continue; after the start, those after which they did. */
  readonly #places = new Map<string, number>();
  readonly #trimmed: number;
  #isStarted = false;

  private constructor(options: StoreGapsOptions, kept: Kept, trimmed: number, cursors: ReadonlyMap<string, number>) {
    this.#options = options;
    this.#journal = kept.journal;
    this.#trimmed = trimmed;
    this.#confirmed = new Map(cursors);
    this.#isKnown = (name) => cursors.has(name);
    this.#hasHistory = kept.has_history;
    this.#states = new Map(kept.stores.map((state) => [state.name, state]));
  }

  static async open(options: StoreGapsOptions): Promise<StoreGaps> {
    const { journal, names, hasHistory, load } = options;
    const { id, trimmed } = await journal.origin();
    const parsed = Kept.safeParse(await load());
    // State of another journal does not apply to this one.
    const isOurs = parsed.success && parsed.data.journal === id;
    const fresh: Kept = { journal: id, has_history: journal.head() === 0 && (await hasHistory()), stores: [] };
    const gaps = new StoreGaps(options, isOurs ? parsed.data : fresh, trimmed, await journal.cursors());
    if (!isOurs) await gaps.#save();
    for (const name of names) {
      const cursor = gaps.#confirmed.get(name);
      // A store of an earlier version, or one that could not be opened yet, has no mark that would reveal the gap.
      if (cursor !== undefined && cursor < trimmed && !gaps.#states.get(name)?.marked)
        await gaps.#note(name, cursor === 0 ? 'added' : 'left_out');
    }
    return gaps;
  }

  /** Compares a store that was just opened with the journal, before it is used. @throws Unavailable when it cannot be read */
  async verify(name: string, store: TelemetryStore): Promise<void> {
    if (!store.capabilities.durable) return;
    const confirmed = this.#confirmed.get(name);
    const fills = this.#states.get(name)?.fills ?? 0;
    const expected = { sequence: confirmed ?? 0, fills };
    const found = await readMark(store, this.#journal, expected, this.#options.now());
    // A copy from before a backfill still has the gap of that time.
    const mark = found === null ? null : found.fills < fills ? 0 : found.sequence;
    // A mark may be written although the batches before it are not yet: they are delivered again.
    const place = mark === null ? this.#unmarked(name) : Math.min(confirmed ?? mark, mark);
    if (!this.#isStarted) this.#places.set(name, Math.max(place, this.#trimmed));
    const given = Math.max(this.#places.get(name) ?? 0, this.#trimmed);
    const has = mark ?? this.#unmarked(name);
    if (has < given) await this.#note(name, this.#reason(name, has));
    else if (mark === null && !this.#isKnown(name) && this.#hasHistory && (await store.series()).length === 0)
      await this.#note(name, 'added');
  }

  /** The batch after which a store continues; undefined: after its cursor. Stores that are opened later are compared with it. */
  startAfter(name: string): number | undefined {
    this.#isStarted = true;
    return this.#options.names.includes(name) ? this.#place(name) : undefined;
  }

  /** The mark that is written to a store together with batches, the newest of which has this sequence number. */
  markOf(name: string, sequence: number): Batch {
    const fills = this.#states.get(name)?.fills ?? 0;
    return markOf(this.#journal, { sequence, fills }, this.#options.now());
  }

  /** Records that a store has accepted batches with their mark. */
  async noteTaken(name: string, sequence: number): Promise<void> {
    this.#confirmed.set(name, sequence);
    this.#places.set(name, sequence);
    const state = this.#states.get(name);
    if (state?.marked) return;
    this.#states.set(name, { name, gap: null, fills: 0, ...state, marked: true });
    await this.#save();
  }

  of(name: string): StoreGap | null {
    return this.#states.get(name)?.gap ?? null;
  }

  /** Closes a gap that is filled or accepted by a user. A gap found since then is another one. */
  async close(name: string, gap: StoreGap, store: Pick<TelemetryStore, 'write'>): Promise<void> {
    const state = this.#states.get(name);
    if (state?.gap?.until !== gap.until) return;
    const fills = state.fills + 1;
    await store.write([markOf(this.#journal, { sequence: this.#place(name), fills }, this.#options.now())]);
    this.#states.set(name, { name, marked: true, fills, gap: null });
    await this.#save();
  }

  #place(name: string): number {
    const place = this.#places.get(name) ?? this.#confirmed.get(name) ?? 0;
    this.#places.set(name, place);
    return place;
  }

  /** Newest batch of a store without a mark: stores of earlier versions have none. */
  #unmarked(name: string): number {
    return this.#states.get(name)?.marked ? 0 : (this.#confirmed.get(name) ?? 0);
  }

  #reason(name: string, has: number): StoreGap['reason'] {
    const confirmed = this.#confirmed.get(name);
    if (confirmed === undefined) return 'added';
    return has < confirmed ? 'replaced' : 'left_out';
  }

  async #note(name: string, reason: StoreGap['reason']): Promise<void> {
    const gap = { until: this.#options.now(), reason };
    await this.#options.onGap(name, gap);
    this.#states.set(name, { name, marked: false, fills: 0, ...this.#states.get(name), gap });
    await this.#save();
  }

  async #save(): Promise<void> {
    await this.#options.save({
      journal: this.#journal,
      has_history: this.#hasHistory,
      stores: [...this.#states.values()],
    } satisfies Kept);
  }
}
