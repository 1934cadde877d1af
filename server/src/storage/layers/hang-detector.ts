import { Unavailable } from '../../domain/errors.ts';

export interface HangDetectorOptions {
  /** Time without an answer to a pending request after which a store counts as hanging. null: no limit. */
  readonly limitMs: number | null;
  /** A cheap request, which a working store answers while an expensive one runs. */
  readonly probe: () => Promise<unknown>;
  /** Called once when the store does not answer. */
  readonly onSilence: (error: Unavailable) => void;
}

/**
 * The limit is counted in ticks of a timer instead of clock time: after this process was suspended, an answer that has arrived is read
 * first.
 */
const TICKS = 4;
const PROBED_AFTER_TICKS = 2;

/**
 * Distinguishes a hanging store from one that works on an expensive request. Any answer shows that it works. After half of the limit
 * without one, a probe is sent: a long calculation may take as long as it needs, and a hanging store is detected within the limit.
 */
export class HangDetector {
  readonly #options: HangDetectorOptions;
  readonly #waiting = new Map<object, { readonly since: number; readonly giveUp: (error: Unavailable) => void }>();
  #quietTicks = 0;
  #timer: NodeJS.Timeout | null = null;
  #silent: Unavailable | null = null;
  #latencyMs: number | null = null;

  constructor(options: HangDetectorOptions) {
    this.#options = options;
  }

  /** Duration of the newest answer, or of the longest pending request if longer, ms; null before the first. */
  get latencyMs(): number | null {
    const oldest = this.#waiting.values().next().value;
    const waited = oldest === undefined ? null : performance.now() - oldest.since;
    return waited !== null && waited > (this.#latencyMs ?? 0) ? waited : this.#latencyMs;
  }

  /** The answer, or `Unavailable` when the store does not answer. */
  answered<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    // It may reject when no caller waits for it any longer.
    promise.catch(() => {});
    return Promise.race([this.#observed(work, reject), promise]);
  }

  /** The answer, without a time limit: a change must not be repeated while the store may still apply it. */
  observed<T>(work: Promise<T>): Promise<T> {
    return this.#observed(work, () => {});
  }

  end(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #observed<T>(work: Promise<T>, giveUp: (error: Unavailable) => void): Promise<T> {
    if (this.#silent !== null) giveUp(this.#silent);
    const key = {};
    const since = performance.now();
    if (this.#waiting.size === 0) this.#begin();
    this.#waiting.set(key, { since, giveUp });
    try {
      return await work;
    } finally {
      this.#waiting.delete(key);
      this.#latencyMs = performance.now() - since;
      this.#quietTicks = 0;
      if (this.#waiting.size === 0) this.end();
    }
  }

  #begin(): void {
    const { limitMs } = this.#options;
    this.#quietTicks = 0;
    if (limitMs === null || this.#silent !== null) return;
    this.#timer = setInterval(() => this.#tick(limitMs), limitMs / TICKS);
    this.#timer.unref();
  }

  #tick(limitMs: number): void {
    this.#quietTicks++;
    if (this.#quietTicks === PROBED_AFTER_TICKS) void this.#probe();
    if (this.#quietTicks < TICKS) return;
    this.end();
    this.#latencyMs = this.latencyMs;
    this.#silent = new Unavailable(`it has not answered for ${limitMs / 1000} s`);
    this.#options.onSilence(this.#silent);
    for (const { giveUp } of this.#waiting.values()) giveUp(this.#silent);
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.probe();
      this.#quietTicks = 0;
    } catch {
      // The request itself reports the error; a failed probe is no evidence that the store works.
    }
  }
}
