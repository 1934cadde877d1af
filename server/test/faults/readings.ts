import { setTimeout as delay } from 'node:timers/promises';
import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { postReadings, type Service } from '../journeys/service.ts';
import { type Contents, TODAY, withFolder } from './contents.ts';

/** Device that reports during an operation; it exists from the beginning. */
export const LIVE = 'live';
const LIVE_METRIC = 'grid.power_kw';
const READINGS_PER_POST = 20;
const POST_EVERY_MS = 20;
/** Old readings lie between the samples of others. */
const LATE_MS = 1500;

export interface History {
  readonly days: number;
  readonly stepMs: number;
  readonly devices: readonly string[];
  /** Default: all. */
  readonly groups?: readonly string[];
}

export const HISTORY: History = { days: 85, stepMs: 20 * MINUTE_MS, devices: ['roof', 'press'] };
const GROUPS = {
  solar: ['power_kw', 'energy_kwh'],
  machine: ['power_kw', 'energy_kwh'],
  load: ['power_kw'],
} as const;

/** First instant of the history. */
export function historyStart({ days }: History): number {
  return TODAY - days * UTC_DAY_MS;
}

/** Fills a data folder with a history of a few groups that ends yesterday. @param from days that exist already */
export async function fillFolder(
  folder: string,
  environment: Readonly<Record<string, string>>,
  history: History = HISTORY,
  from = 0,
): Promise<void> {
  const { days, stepMs, devices, groups = Object.keys(GROUPS) } = history;
  const start = historyStart(history) + from * UTC_DAY_MS;
  const rows = ((days - from) * UTC_DAY_MS) / stepMs;
  await withFolder(folder, environment, async ({ intake }) => {
    for (const [d, device] of devices.entries()) {
      for (const [group, quantities] of Object.entries(GROUPS).filter(([name]) => groups.includes(name))) {
        const timestamps = Float64Array.from({ length: rows }, (_, i) => start + i * stepMs);
        const columns = quantities.map((quantity) =>
          timestamps.map((at) => (quantity === 'energy_kwh' ? at / HOUR_MS - 400_000 : d + Math.sin(at / HOUR_MS))),
        );
        await intake.accept([
          { group, quantities, devices: [device], device: new Int32Array(rows), timestamps, columns },
        ]);
      }
    }
    const [group, quantity] = LIVE_METRIC.split('.') as [string, string];
    const timestamps = Float64Array.of(instantOf(0, false));
    await intake.accept([
      {
        group,
        quantities: [quantity],
        devices: [LIVE],
        device: new Int32Array(1),
        timestamps,
        columns: [Float64Array.of(0)],
      },
    ]);
  });
}

/** Readings that a service acknowledged, and those that it may have stored. */
export class Ledger {
  readonly #acknowledged = new Map<number, number>([[instantOf(0, false), 0]]);
  readonly #sent = new Map<number, number>(this.#acknowledged);
  #next = 1;

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Sends readings until the service is gone or the signal aborts. @param late every second post is for the moved days */
  async sendUntil(stopped: () => boolean, service: Service, late: boolean): Promise<void> {
    for (let post = 0; !stopped(); post++) {
      const of = Array.from(
        { length: READINGS_PER_POST },
        (_, i) => [instantOf(this.#next + i, late && post % 2 === 1), this.#next + i] as const,
      );
      this.#next += READINGS_PER_POST;
      for (const [at, value] of of) this.#sent.set(at, value);
      const readings = of.map(([at, value]) => ({
        device_id: LIVE,
        timestamp: new Date(at).toISOString(),
        values: { [LIVE_METRIC]: value },
      }));
      try {
        const answer = await postReadings(service, readings);
        if (answer.status !== 202) throw new Error(`answered ${answer.status}: ${await answer.text()}`);
        const { durable } = (await answer.json()) as { durable: boolean };
        if (!durable) throw new Error('readings were taken into memory only');
      } catch (error) {
        // The connection breaks when the service is killed; any other error is a failure.
        if (isGone(error)) return;
        throw error;
      }
      for (const [at, value] of of) this.#acknowledged.set(at, value);
      await delay(POST_EVERY_MS);
    }
  }

  /** A description of lost or unknown readings; null without any. */
  difference({ samples }: Contents): string | null {
    const found = samples.get(`${LIVE} ${LIVE_METRIC}`) ?? new Map<number, number>();
    const lost = [...this.#acknowledged].filter(([at, value]) => found.get(at) !== value);
    if (lost.length > 0)
      return `${lost.length} of ${this.#acknowledged.size} acknowledged readings are lost or changed, such as ${new Date(lost[0]![0]!).toISOString()}`;
    const strange = [...found].filter(([at, value]) => this.#sent.get(at) !== value);
    return strange.length === 0 ? null : `${strange.length} readings were never sent`;
  }
}

/** Yesterday, a second apart; late ones in the first days of the history. */
function instantOf(n: number, late: boolean): number {
  return late ? historyStart(HISTORY) + n * MINUTE_MS + LATE_MS : TODAY - UTC_DAY_MS + n * 1000;
}

/** Whether a request failed because its service is gone. */
export function isGone(error: unknown): boolean {
  return error instanceof TypeError && /fetch failed|terminated/.test(error.message);
}
