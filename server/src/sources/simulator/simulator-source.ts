import { setTimeout as sleepFor } from 'node:timers/promises';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { messageOf } from '../../domain/errors.ts';
import { type Source, SourceMeter, type SourceSink, type SourceState } from '../source-port.ts';
import type { Simulator, SimulatorState } from './simulator.ts';

export interface SimulatorSourceOptions {
  readonly name: string;
  readonly simulator: Simulator;
  readonly now: () => number;
  /** Interval between live readings; default 5 s. */
  readonly liveStepMs?: number;
  /** Interval between readings of the past; default one minute. */
  readonly historyStepMs?: number;
  /** Called with the state after each accepted batch, so that a restart resumes there. */
  readonly onState?: (state: SimulatorState) => void | Promise<void>;
  /** Waits; rejects when the signal fires. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

const LIVE_STEP_MS = 5_000;
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = MINUTE_MS;

/**
 * Runs a simulated site: catches up to the present in steps of `historyStepMs`, then reports every `liveStepMs`. Readings that the sink
 * rejects are sent again, with increasing pauses, before newer ones.
 */
export function simulatorSource(options: SimulatorSourceOptions): Source {
  const meter = new SourceMeter();
  const { name, simulator, now } = options;
  const liveStepMs = options.liveStepMs ?? LIVE_STEP_MS;
  const historyStepMs = options.historyStepMs ?? MINUTE_MS;
  const sleep = options.sleep ?? ((ms, signal) => sleepFor(ms, undefined, { signal }));

  async function run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const behindMs = now() - simulator.time;
      if (behindMs < 0) {
        await sleep(Math.min(-behindMs, MINUTE_MS), signal);
        continue;
      }
      const isFarBehind = behindMs >= historyStepMs;
      // The last row of history ends before now, so that live rows start immediately.
      const until = isFarBehind ? now() - historyStepMs + 1 : now() + 1;
      const blocks = simulator.advance(until, isFarBehind ? historyStepMs : liveStepMs);
      await deliver(blocks, sink, signal);
      await options.onState?.(simulator.state());
      // Yields to other work between two batches of history.
      if (isFarBehind) await sleep(0, signal);
    }
  }

  async function deliver(blocks: readonly Block[], sink: SourceSink, signal: AbortSignal): Promise<void> {
    if (blocks.length === 0) return;
    for (let retryMs = MIN_RETRY_MS; ; retryMs = Math.min(2 * retryMs, MAX_RETRY_MS)) {
      try {
        meter.took(simulator.time, await sink(blocks));
        return;
      } catch (error) {
        meter.failed('waiting', messageOf(error));
        await sleep(retryMs, signal);
      }
    }
  }

  return {
    name,
    type: 'simulator',
    health: (): SourceState => meter.state(),
    async start(sink, signal) {
      meter.running();
      try {
        await run(sink, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        meter.stopped();
      }
    },
  };
}
