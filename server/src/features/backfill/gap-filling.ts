import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { StoreGapHealth } from '@wattkeeper/contract/service.ts';
import { Conflict, InvalidInput, NotFound, Unavailable } from '../../domain/errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import {
  type BackfillOptions,
  type BackfillReport,
  type BackfillSource,
  backfill,
} from '../../storage/backfill/backfill.ts';
import type { StoreGaps } from '../../storage/backfill/store-gaps.ts';
import type { StoreTrouble } from '../../storage/layers/supervised-store.ts';

/** A store that can be filled, or that another one is filled from. */
export interface BackfillEnd {
  readonly name: string;
  /** The reason why it is unavailable, or null. */
  readonly trouble: () => StoreTrouble | null;
  /** It stores only the newest readings. */
  readonly bounded: () => boolean;
  /** The store, including its archive if there is one. */
  readonly store: BackfillSource & BackfillOptions['to'];
}

export interface GapFillingOptions {
  readonly ends: readonly BackfillEnd[];
  /** Null without a data folder. */
  readonly gaps: Pick<StoreGaps, 'of' | 'close'> | null;
  /** Resolves when a store has everything that was acknowledged. */
  readonly caughtUp: (store: string, signal: AbortSignal) => Promise<void>;
}

/** Copies readings between stores, and closes gaps that way. A store that is being filled continues to accept new readings. */
export class GapFilling {
  readonly #options: GapFillingOptions;
  readonly #underWay = new Set<string>();

  constructor(options: GapFillingOptions) {
    this.#options = options;
  }

  /** The gap of a store; null without one. */
  healthOf(name: string): StoreGapHealth | null {
    const gap = this.#options.gaps?.of(name);
    if (!gap) return null;
    return { before: formatInstant(gap.until), reason: gap.reason, fill_from: this.sourceFor(name) };
  }

  /** The first store that can be read and has all that a store lacks; null: there is none, or it lacks nothing. */
  sourceFor(name: string): string | null {
    const { ends, gaps } = this.#options;
    if (!gaps?.of(name)) return null;
    const isWhole = (end: BackfillEnd) => end.trouble() === null && !end.bounded() && gaps.of(end.name) === null;
    return ends.find((end) => end.name !== name && isWhole(end))?.name ?? null;
  }

  /** @throws Unavailable while a store lacks readings that another one has; where none has them, it does not help to wait */
  requireFilled(name: string): void {
    const from = this.sourceFor(name);
    if (from !== null) throw new Unavailable(`store ${name} is to be filled from ${from} first`);
  }

  /** Stores that lack readings and can be filled now. */
  fillable(): { readonly from: string; readonly to: string }[] {
    return this.#options.ends.flatMap(({ name, trouble }) => {
      const from = trouble() === null && !this.#underWay.has(name) ? this.sourceFor(name) : null;
      return from === null ? [] : [{ from, to: name }];
    });
  }

  /** Copies what one store has into another; a gap of that one is closed where the first has none. */
  async fill(
    from: string,
    to: string,
    { signal, progress }: Pick<JobContext, 'signal' | 'progress'>,
  ): Promise<BackfillReport> {
    const [source, target] = this.check(from, to);
    if (this.#underWay.has(to)) throw new Conflict(`store ${to} is being filled already`);
    this.#underWay.add(to);
    try {
      const { gaps, caughtUp } = this.#options;
      const gap = gaps?.of(to) ?? null;
      const isWhole = gaps?.of(from) === null && !source.bounded();
      // What the journal no longer holds for the one may still be on its way to the other.
      if (gap) await caughtUp(from, signal);
      const note = (share: number | null, name?: string) =>
        progress(share, `${from} → ${to}${name ? `: ${name}` : ''}`);
      const report = await backfill({ from: source.store, to: target.store, signal, progress: note });
      if (gap && isWhole) await gaps?.close(to, gap, target.store);
      return report;
    } finally {
      this.#underWay.delete(to);
    }
  }

  /** @throws InvalidInput unless both are stores that can be used, and not the same */
  check(from: string, to: string): [BackfillEnd, BackfillEnd] {
    if (from === to) throw new InvalidInput(`from and to are both "${to}": name two stores`);
    return [this.#end(from), this.#end(to)];
  }

  /** Marks a store as complete although it lacks readings, such as those that no store contains any more. */
  async accept(name: string): Promise<void> {
    const { gaps, ends } = this.#options;
    const gap = gaps?.of(name);
    const end = ends.find((one) => one.name === name);
    if (!gaps || !gap || !end) throw new NotFound(`no store ${name} lacks readings`);
    await gaps.close(name, gap, end.store);
  }

  #end(name: string): BackfillEnd {
    const { ends } = this.#options;
    const found = ends.find((end) => end.name === name);
    if (found === undefined) {
      throw new InvalidInput(`there is no store "${name}"; there are ${ends.map((end) => end.name).join(', ')}`);
    }
    const trouble = found.trouble();
    if (trouble) throw new InvalidInput(`store ${name} cannot be used at present: ${trouble.error}`);
    return found;
  }
}
