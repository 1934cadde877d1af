import { InvalidInput } from '../../domain/errors.ts';

const CAPACITY = 1024;

/**
 * All numbers that a simulation carries from one instant to the next, in one array, which is saved and resumed as a whole, so that no
 * component can be omitted. Components allocate their places when they are built, always in the same order.
 */
export class Memory {
  readonly values = new Float64Array(CAPACITY);
  #used = 0;

  /** Allocates a place for one number; returns its index in `values`. */
  take(initial: number): number {
    if (this.#used === CAPACITY) throw new RangeError(`a simulation stores at most ${CAPACITY} numbers`);
    this.values[this.#used] = initial;
    return this.#used++;
  }

  /** As plain JSON; NaN becomes null. */
  save(): (number | null)[] {
    return Array.from(this.values.subarray(0, this.#used), (value) => (value === value ? value : null));
  }

  restore(saved: readonly (number | null)[]): void {
    if (saved?.length !== this.#used) {
      throw new InvalidInput(`the state has ${saved?.length ?? 'no'} numbers; this simulation needs ${this.#used}`);
    }
    saved.forEach((value, i) => {
      this.values[i] = value ?? Number.NaN;
    });
  }
}
