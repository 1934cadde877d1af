import type { Memory } from './memory.ts';

const TWO_32 = 2 ** 32;

/** 32 bits that depend on every part: equal parts give equal bits (mixing function of MurmurHash3, A. Appleby). */
export function hash(...parts: readonly (number | string)[]): number {
  let state = 0x9e3779b9;
  for (const part of parts) {
    if (typeof part === 'number') {
      state = mixed(mixed(state, part | 0), Math.floor(part / TWO_32) | 0);
    } else {
      for (let i = 0; i < part.length; i++) state = mixed(state, part.charCodeAt(i));
    }
  }
  return finished(state);
}

/** A standard normal draw that depends on its parts alone, so that any day can be drawn without the preceding days. */
export function hashedNormal(...parts: readonly (number | string)[]): number {
  const base = hash(...parts);
  return normal(finished(base ^ 0x5bd1e995) / TWO_32, finished(base ^ 0x27d4eb2f) / TWO_32);
}

/**
 * A standard normal sequence in which consecutive days correlate by `correlation` (AR(1) written as a moving average, truncated at
 * weights below 2 %); any day can be drawn independently.
 */
export function correlatedNormal(correlation: number, seed: number, stream: string, day: number): number {
  let sum = 0;
  let squares = 0;
  for (let k = 0, weight = 1; weight > 0.02; k++, weight *= correlation) {
    sum += weight * hashedNormal(seed, stream, day - k);
    squares += weight * weight;
  }
  return sum / Math.sqrt(squares);
}

/**
 * Pseudo-random numbers: sfc32 (C. Doty-Humphrey, PractRand). The four words of its state are in `memory`, or internal if it lasts for
 * one day only.
 */
export class Random {
  readonly #words: Float64Array;
  readonly #at: number;

  constructor(seed: number, memory?: Memory) {
    this.#at = memory === undefined ? 0 : memory.take(0);
    if (memory !== undefined) for (let i = 0; i < 3; i++) memory.take(0);
    this.#words = memory?.values ?? new Float64Array(4);
    for (let i = 0; i < 3; i++) this.#words[this.#at + i] = finished(seed + Math.imul(i + 1, 0x9e3779b9)) | 0;
    this.#words[this.#at + 3] = 1;
    for (let i = 0; i < 12; i++) this.uniform();
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    const words = this.#words;
    const at = this.#at;
    const a = words[at]! | 0;
    const b = words[at + 1]! | 0;
    const c = words[at + 2]! | 0;
    const d = words[at + 3]! | 0;
    const out = (((a + b) | 0) + d) | 0;
    words[at] = b ^ (b >>> 9);
    words[at + 1] = (c + (c << 3)) | 0;
    words[at + 2] = (((c << 21) | (c >>> 11)) + out) | 0;
    words[at + 3] = (d + 1) | 0;
    return (out >>> 0) / TWO_32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Integer in [low, high]. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  normal(mean = 0, deviation = 1): number {
    return mean + deviation * normal(this.uniform(), this.uniform());
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }
}

/**
 * Ornstein–Uhlenbeck noise: mean 0, the given standard deviation, correlation e^(−Δt/τ). Advanced exactly for any step (Gillespie,
 * Phys. Rev. E 54 (1996) 2084, eq. 1.9a).
 */
export class Wander {
  readonly #values: Float64Array;
  readonly #at: number;
  readonly #random: Random;
  readonly #deviation: number;
  readonly #timeConstantS: number;
  #stepS = Number.NaN;
  #keep = 0;
  #kick = 0;

  constructor(memory: Memory, random: Random, deviation: number, timeConstantS: number) {
    this.#values = memory.values;
    this.#at = memory.take(deviation * random.normal());
    this.#random = random;
    this.#deviation = deviation;
    this.#timeConstantS = timeConstantS;
  }

  get value(): number {
    return this.#values[this.#at]!;
  }

  step(stepS: number): number {
    if (stepS !== this.#stepS) {
      this.#stepS = stepS;
      this.#keep = Math.exp(-stepS / this.#timeConstantS);
      this.#kick = this.#deviation * Math.sqrt(1 - this.#keep * this.#keep);
    }
    const next = this.value * this.#keep + this.#kick * this.#random.normal();
    this.#values[this.#at] = next;
    return next;
  }
}

/** Box and Muller, Ann. Math. Stat. 29 (1958) 610. */
function normal(u: number, v: number): number {
  return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
}

function mixed(state: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = state ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finished(state: number): number {
  let h = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
