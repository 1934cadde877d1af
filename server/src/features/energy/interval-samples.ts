import { SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { IntervalEnergy } from '../../analytics/energy/interval-energy.ts';
import { lowerBound, type Series, seriesOf } from '../../domain/columns/frame.ts';
import { foundWidth, type Interval, intervalOf, widthOfStep } from '../../domain/time/intervals.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';

/** A series of energies per interval. */
export interface IntervalSeries {
  readonly deviceId: string;
  readonly group: string;
  readonly quantity: string;
  /** Length of its intervals, as declared; null: derived from the timestamps. */
  readonly width: string | null;
  readonly timeZone: string;
}

/** Margins around a window in which undeclared intervals are detected: first a small one, enough for parts of a day, then one for months. */
const SEARCH_MS = [3 * UTC_DAY_MS, 100 * UTC_DAY_MS] as const;
/** Maximum length of the last interval of a series without a declared length. */
const UNDECLARED_MS = UTC_DAY_MS;

/** The declared length of the intervals of a device's metric, or null. */
export function declaredWidth(
  { intervals, expectedIntervalS }: Pick<DeviceRecord, 'intervals' | 'expectedIntervalS'>,
  metric: string,
): string | null {
  return (
    ownValue(intervals, metric) ?? (expectedIntervalS === null ? null : widthOfStep(expectedIntervalS * SECOND_MS))
  );
}

/** Time for which a value of a metric per interval counts after its timestamp, ms. */
export function declaredLengthMs(
  device: Pick<DeviceRecord, 'intervals' | 'expectedIntervalS'>,
  metric: string,
): number {
  const width = declaredWidth(device, metric);
  return width === null ? UNDECLARED_MS : intervalOf(width, 'UTC').nominalMs;
}

/** The energies of a series whose intervals overlap a window; running intervals end now. */
export async function intervalSamples(
  queries: TelemetryQueries,
  series: IntervalSeries,
  window: Window,
  asOf: number,
): Promise<IntervalEnergy> {
  const { width, timeZone, group } = series;
  if (width !== null) {
    const interval = intervalOf(width, timeZone);
    const start = window.start - interval.nominalMs - UTC_DAY_MS;
    const samples = await read(queries, series, { start, end: window.end });
    return intervalsOf(samples, interval, queries.rawFrom(group), asOf);
  }
  for (const marginMs of SEARCH_MS) {
    const samples = await read(queries, series, { start: window.start - marginMs, end: window.end + marginMs });
    const found = foundWidth(samples.timestamps);
    if (found !== null) return intervalsOf(samples, intervalOf(found, timeZone), queries.rawFrom(group), asOf);
  }
  return { starts: new Float64Array(0), ends: new Float64Array(0), kwh: new Float64Array(0) };
}

async function read(queries: TelemetryQueries, { deviceId, group, quantity }: IntervalSeries, window: Window) {
  const [frame] = await queries.frames({ deviceIds: [deviceId], group, quantities: [quantity], window });
  return frame ? seriesOf(frame, quantity) : { timestamps: new Float64Array(0), values: new Float64Array(0) };
}

/**
 * Each value with its interval, which ends no later than the start of the next one.
 * @param rawFrom before it, values are sums of rollups, whose buckets may be longer than the original intervals
 */
function intervalsOf(
  { timestamps, values }: Series,
  interval: Interval,
  rawFrom: number,
  asOf: number,
): IntervalEnergy {
  const gone = foundWidth(timestamps.subarray(0, lowerBound(timestamps, rawFrom)));
  const rolled = gone === null ? interval : intervalOf(gone, 'UTC');
  const length = lowerBound(timestamps, asOf);
  const ends = Float64Array.from({ length }, (_, i) => {
    const start = timestamps[i]!;
    const of = start < rawFrom && rolled.nominalMs > interval.nominalMs ? rolled : interval;
    return Math.min(of.endOf(start), timestamps[i + 1] ?? Number.POSITIVE_INFINITY, asOf);
  });
  return { starts: timestamps.subarray(0, length), ends, kwh: values.subarray(0, length) };
}

/** The part of signed energies in one direction, as positive numbers. */
export function oneWay(intervals: IntervalEnergy, sign: 1 | -1): IntervalEnergy {
  return { ...intervals, kwh: intervals.kwh.map((kwh) => Math.max(sign * kwh, 0)) };
}
