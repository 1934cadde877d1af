import { InvalidInput, Unavailable } from '../../domain/errors.ts';

/** Values, of 8 bytes each, that the answers in progress hold together. */
export const MAX_HELD_VALUES = 50_000_000;
/** Answers up to this size are not counted: requests are. */
const UNCOUNTED_VALUES = 100_000;
const RETRY_AFTER_S = 2;

/** Bounds the memory of long answers, from the reading of their values until they are sent or given up. */
export class AnswerRoom {
  #held = 0;

  get heldValues(): number {
    return this.#held;
  }

  /** Room for one answer; give it back with `release`. */
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
  /** @throws InvalidInput where the answer alone is too large; Unavailable (`too_many_requests`) where it is with the others */
  add(values: number): void;
  release(): void;
}

function countedOf(values: number): number {
  return Math.max(values - UNCOUNTED_VALUES, 0);
}

function tooMany(): InvalidInput {
  return new InvalidInput(
    `this takes more than ${MAX_HELD_VALUES} values: ask for a shorter window, fewer series, a wider bucket, or format=csv, parquet or arrow`,
  );
}

function full(): Unavailable {
  return new Unavailable(
    `too many long answers are on their way; they hold at most ${MAX_HELD_VALUES} values: ask again in ${RETRY_AFTER_S} s`,
    { code: 'too_many_requests', retryAfterS: RETRY_AFTER_S },
  );
}
