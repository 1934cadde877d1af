import { InvalidInput } from '../../domain/errors.ts';

const CAPACITY = 1024;

/**
 * Every number that a simulation carries from one instant to the next, in one array: what is taken from here is saved and resumed as
 * a whole, so no part can be forgotten. Parts take their places while they are built, always in the same order.
 */
export class Memory {
  readonly values = new Float64Array(CAPACITY);
  #used = 0;

  /** A place for one number; answers its index in `values`. */
  take(initial: number): number {
    if (this.#used === CAPACITY) throw new RangeError(`a simulation keeps at most ${CAPACITY} numbers`);
    this.values[this.#used] = initial;
    return this.#used++;
  }

  /** As plain JSON; NaN becomes null. */
  save(): (number | null)[] {
    return Array.from(this.values.subarray(0, this.#used), (value) => (value === value ? value : null));
  }

  restore(saved: readonly (number | null)[]): void {
    if (saved?.length !== this.#used) {
      throw new InvalidInput(
        `the state holds ${saved?.length ?? 'no'} numbers where this simulation keeps ${this.#used}`,
      );
    }
    saved.forEach((value, i) => {
      this.values[i] = value ?? Number.NaN;
    });
  }
}
