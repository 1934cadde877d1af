/** Random numbers that can be stored and continued: sfc32 (Chris Doty-Humphrey, PractRand), seeded by splitmix32. */
export class Random {
  readonly #state: Int32Array;

  constructor(seed: number | readonly number[]) {
    if (typeof seed !== 'number') {
      this.#state = Int32Array.from(seed);
      return;
    }
    let mix = seed | 0;
    this.#state = Int32Array.from({ length: 4 }, () => {
      mix = (mix + 0x9e3779b9) | 0;
      let t = mix ^ (mix >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      return t ^ (t >>> 15);
    });
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Uniform in [0, 1). */
  next(): number {
    const s = this.#state;
    const t = ((((s[0] as number) + (s[1] as number)) | 0) + (s[3] as number)) | 0;
    s[3] = ((s[3] as number) + 1) | 0;
    s[0] = (s[1] as number) ^ ((s[1] as number) >>> 9);
    s[1] = ((s[2] as number) + ((s[2] as number) << 3)) | 0;
    s[2] = (((s[2] as number) << 21) | ((s[2] as number) >>> 11)) + t;
    return (t >>> 0) / 2 ** 32;
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** Standard normal (Box–Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  state(): number[] {
    return [...this.#state];
  }
}
