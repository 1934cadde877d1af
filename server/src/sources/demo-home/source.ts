import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../domain/errors.ts';
import { HOUR_MS } from '../../domain/window.ts';
import { type Source, SourceMeter, type SourceSink, type SourceState } from '../source.ts';
import type { Home, HomeState } from './home.ts';

/** Step of the live simulation, as inverters report. */
export const LIVE_STEP_MS = 5000;
/** Longer pauses, such as a night with the service off, are filled in minutes. */
const COARSE_STEP_MS = 60_000;
/** Filled in pieces of this length, so that neither memory nor a request grows with the pause. */
const PIECE_MS = 6 * HOUR_MS;
const RETRY_MS = 5000;

export interface SimulatorSourceOptions {
  readonly home: Home;
  readonly now: () => number;
  /** Called after readings were taken, with what the next run has to begin with. */
  readonly onState: (state: HomeState) => Promise<void>;
}

/** Runs a simulated home in real time; what it missed while it was off it makes up first. */
export class SimulatorSource implements Source {
  readonly name = 'demo';
  readonly type = 'simulator';
  readonly #options: SimulatorSourceOptions;
  readonly #meter = new SourceMeter();

  constructor(options: SimulatorSourceOptions) {
    this.#options = options;
  }

  health(): SourceState {
    return this.#meter.state();
  }

  async start(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { home, now } = this.#options;
    this.#meter.running();
    while (!signal.aborted) {
      const behindMs = now() - home.now;
      if (behindMs >= LIVE_STEP_MS) {
        const stepMs = behindMs > 10 * COARSE_STEP_MS ? COARSE_STEP_MS : LIVE_STEP_MS;
        const until = Math.min(home.now + PIECE_MS, now() - stepMs + 1);
        await this.#hand(home.advance(until, stepMs), sink, signal);
      } else await pause(LIVE_STEP_MS - behindMs, signal);
    }
    this.#meter.stopped();
  }

  /** Hands readings on until they are taken: the simulation waits meanwhile, so that it loses nothing. */
  async #hand(blocks: ReturnType<Home['advance']>, sink: SourceSink, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const receipt = await sink(blocks);
        this.#meter.took(this.#options.home.now, receipt);
        await this.#options.onState(this.#options.home.state());
        return;
      } catch (error) {
        this.#meter.failed('waiting', messageOf(error));
        await pause(RETRY_MS, signal);
      }
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
