import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';

const MAX_AGE_MINUTES = 60;

/** Counts incoming values: totals since start, and values per minute of the last hour. */
export class IngestMeter {
  accepted = 0;
  rejected = 0;
  quarantined = 0;
  readonly #now: () => number;
  readonly #perMinute = new Float64Array(MAX_AGE_MINUTES + 1);
  #minute: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#minute = Math.floor(now() / MINUTE_MS);
  }

  count(accepted: number, rejected: number, quarantined: number): void {
    this.accepted += accepted;
    this.rejected += rejected;
    this.quarantined += quarantined;
    this.#roll();
    this.#perMinute[MAX_AGE_MINUTES] = this.#perMinute[MAX_AGE_MINUTES]! + accepted;
  }

  /** Values accepted in each of the last 60 full minutes, oldest first. */
  perMinute(): number[] {
    this.#roll();
    return [...this.#perMinute.subarray(0, MAX_AGE_MINUTES)];
  }

  /** Mean rate over the last full minute and the current one. */
  valuesPerSecond(): number {
    this.#roll();
    const running = this.#perMinute[MAX_AGE_MINUTES]!;
    const last = this.#perMinute[MAX_AGE_MINUTES - 1]!;
    const secondsRunning = (this.#now() - this.#minute * MINUTE_MS) / 1000;
    return (running + last) / (60 + secondsRunning);
  }

  #roll(): void {
    const minute = Math.floor(this.#now() / MINUTE_MS);
    const passed = Math.min(Math.max(minute - this.#minute, 0), MAX_AGE_MINUTES + 1);
    if (passed === 0) return;
    this.#minute = minute;
    this.#perMinute.copyWithin(0, passed);
    this.#perMinute.fill(0, MAX_AGE_MINUTES + 1 - passed);
  }
}
