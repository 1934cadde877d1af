import { InvalidInput, Unavailable } from '../../domain/errors.ts';

/** Maximum number of values, of 8 bytes each, in all answers in progress. */
export const MAX_HELD_VALUES = 50_000_000;
/** Answers up to this size are not counted: the number of requests is limited. */
const UNCOUNTED_VALUES = 100_000;
const RETRY_AFTER_S = 2;

/** Bounds the memory of long answers, from the first read until they are sent or aborted. */
export class AnswerRoom {
  #held = 0;

  get heldValues(): number {
    return this.#held;
  }

  /** Memory for one answer; return it with `release`. */
  open(): HeldAnswer {
    let mine = 0;
    return {
      add: (values) => {
        const before = countedOf(mine);
        const more = countedOf(mine + values) - before;
        if (before + more > MAX_HELD_VALUES) throw tooMany();
        if (this.#held + more > MAX_HELD_VALUES) throw full();
        mine += values;
        this.#held += more;
      },
      release: () => {
        this.#held -= countedOf(mine);
        mine = 0;
      },
    };
  }
}

export interface HeldAnswer {
  /** @throws InvalidInput if the answer alone is too large; Unavailable (`too_many_requests`) if it is too large together with the others */
  add(values: number): void;
  release(): void;
}

function countedOf(values: number): number {
  return Math.max(values - UNCOUNTED_VALUES, 0);
}

function tooMany(): InvalidInput {
  return new InvalidInput(
    `this answer would exceed ${MAX_HELD_VALUES} values: request a shorter window, fewer series, a wider bucket, or format=csv, parquet or arrow`,
  );
}

function full(): Unavailable {
  return new Unavailable(
    `too many long answers are in progress; together they may contain ${MAX_HELD_VALUES} values: retry in ${RETRY_AFTER_S} s`,
    { code: 'too_many_requests', retryAfterS: RETRY_AFTER_S },
  );
}
