import { Unavailable } from '../../domain/errors.ts';

export interface PulseOptions {
  /** A store that gives no sign of life for this long while it has something to answer does not answer. Null: it is waited for without limit. */
  readonly limitMs: number | null;
  /** A cheap question, which a store that lives answers while it works on an expensive one. */
  readonly probe: () => Promise<unknown>;
  /** Called once when the store does not answer. */
  readonly onSilence: (error: Unavailable) => void;
}

/** The limit is counted in turns of a timer, not by the clock: when this process itself was held up, an answer that has arrived is read first. */
const TURNS = 4;
const PROBED_AFTER_TURNS = 2;

/**
 * Tells a store that hangs from one that works on something expensive. Every answer is a sign of life; when there is none for half of the limit,
 * a probe is sent, so that a long calculation may take as long as it needs, and a hanging store is noticed within the limit.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #waiting = new Map<object, { readonly since: number; readonly giveUp: (error: Unavailable) => void }>();
  #quietTurns = 0;
  #timer: NodeJS.Timeout | null = null;
  #silent: Unavailable | null = null;
  #latencyMs: number | null = null;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** Duration of the newest answer, or of the longest wait that is under way where that is longer; null before the first. */
  get latencyMs(): number | null {
    const oldest = this.#waiting.values().next().value;
    const waited = oldest === undefined ? null : performance.now() - oldest.since;
    return waited !== null && waited > (this.#latencyMs ?? 0) ? waited : this.#latencyMs;
  }

  /** The answer, or `Unavailable` when the store does not answer. */
  answered<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    // Nobody may be waiting any more when it rejects.
    promise.catch(() => {});
    return Promise.race([this.#observed(work, reject), promise]);
  }

  /** The answer, however long it takes: what was asked must not be asked again while it may still be carried out. */
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
      this.#quietTurns = 0;
      if (this.#waiting.size === 0) this.end();
    }
  }

  #begin(): void {
    const { limitMs } = this.#options;
    this.#quietTurns = 0;
    if (limitMs === null || this.#silent !== null) return;
    this.#timer = setInterval(() => this.#turn(limitMs), limitMs / TURNS);
    this.#timer.unref();
  }

  #turn(limitMs: number): void {
    this.#quietTurns++;
    if (this.#quietTurns === PROBED_AFTER_TURNS) void this.#probe();
    if (this.#quietTurns < TURNS) return;
    this.end();
    this.#latencyMs = this.latencyMs;
    this.#silent = new Unavailable(`it has not answered for ${limitMs / 1000} s`);
    this.#options.onSilence(this.#silent);
    for (const { giveUp } of this.#waiting.values()) giveUp(this.#silent);
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.probe();
      this.#quietTurns = 0;
    } catch {
      // What is wrong, the question itself reports; a failure is no sign of life.
    }
  }
}
