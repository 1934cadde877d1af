import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { seriesOf } from '../../domain/columns/frame.ts';
import { counterWindow } from '../../domain/counters/counter.ts';
import { decidedDays } from '../../domain/counters/decided-days.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import { type DecidedSpan, writeGrowth } from '../../storage/postgres/counter-growth.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { PostgresSettings } from '../../storage/records/records-options.ts';
import { meterOf } from './meter.ts';

export interface SqlGrowthOptions {
  readonly stores: readonly PostgresSettings[];
  readonly devices: {
    all(): readonly DeviceRecord[];
    firstReadingAt(deviceId: string, group: string): number | null;
  };
  readonly queries: Pick<TelemetryQueries, 'metricsOf' | 'counter' | 'frames'>;
  readonly now: () => number;
}

const GROUP = 'energy';
/** Days that every run computes again: a sample affects the two days before and after it. */
const RECENT_DAYS = 5;
/** Days per query. */
const SPAN_DAYS = 31;

/**
 * Keeps the growth of counters in PostgreSQL up to date, as computed by `domain/counters`, so that the SQL functions for key figures need no
 * separate rule. Every run computes the last days again; the whole history of a device once a day, after a start, and after a change of its
 * declarations.
 */
export class SqlGrowth {
  readonly #options: SqlGrowthOptions;
  /** Device → the declarations from which its whole history was computed. */
  readonly #decided = new Map<string, string>();

  constructor(options: SqlGrowthOptions) {
    this.#options = options;
  }

  /** Returns the number of devices computed. */
  async sync(signal: AbortSignal): Promise<number> {
    const { stores, devices, queries } = this.#options;
    const counted = devices.all().filter(({ id }) => {
      const meter = meterOf(queries, id);
      return meter?.group === GROUP && meter.counter !== null;
    });
    const done = new Map<string, string>();
    for (const store of stores) {
      const ids = counted.map(({ id }) => id);
      await writeGrowth(store, ids, this.#spans(counted, signal, done));
    }
    for (const [id, basis] of done) this.#decided.set(id, basis);
    return counted.length;
  }

  async *#spans(
    counted: readonly DeviceRecord[],
    signal: AbortSignal,
    done: Map<string, string>,
  ): AsyncGenerator<DecidedSpan> {
    const { devices, now } = this.#options;
    const today = Math.floor(now() / UTC_DAY_MS);
    for (const device of counted) {
      const basis = JSON.stringify([today, { ...device, name: '', labels: {} }]);
      const first = Math.floor((devices.firstReadingAt(device.id, GROUP) ?? now()) / UTC_DAY_MS);
      const since = this.#decided.get(device.id) === basis ? today - RECENT_DAYS : first;
      for (let day = since; day <= today; day += SPAN_DAYS) {
        signal.throwIfAborted();
        const window = { start: day * UTC_DAY_MS, end: Math.min(day + SPAN_DAYS, today + 1) * UTC_DAY_MS };
        yield { device: device.id, window, days: await this.#decide(device.id, window) };
      }
      done.set(device.id, basis);
    }
  }

  async #decide(deviceId: string, window: Window) {
    const { queries } = this.#options;
    const quantity = 'energy_kwh';
    const { growth } = await queries.counter({ deviceId, group: GROUP, quantity, window });
    const [frame] = await queries.frames({
      deviceIds: [deviceId],
      group: GROUP,
      quantities: [quantity],
      window: counterWindow(window),
    });
    return frame === undefined ? [] : decidedDays(growth, seriesOf(frame, quantity), window);
  }
}
