/** Ring buffer of the last 1,000 durations in milliseconds, for p50, p95 and p99. */
const MAX_DURATIONS = 1000;

export class DurationPercentiles {
  readonly #ring = new Float64Array(MAX_DURATIONS);
  #count = 0;

  add(ms: number): void {
    this.#ring[this.#count++ % MAX_DURATIONS] = ms;
  }

  summary(): { p50: number; p95: number; p99: number } | null {
    const kept = Math.min(this.#count, MAX_DURATIONS);
    if (kept === 0) return null;
    const sorted = this.#ring.slice(0, kept).sort();
    const at = (share: number) => sorted[Math.min(Math.ceil(share * kept) - 1, kept - 1)]!;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}
