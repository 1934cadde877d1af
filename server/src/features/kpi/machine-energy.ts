import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type FlowEnergy, flowEnergy } from '../../analytics/energy/flow-energy.ts';
import { type IntervalEnergy, withIntervals } from '../../analytics/energy/interval-energy.ts';
import { mixedRuns, signedBuckets } from '../../analytics/energy/signed-buckets.ts';
import { type Steps, splitSteps, stepsOf } from '../../analytics/energy/steps.ts';
import type { Buckets } from '../../domain/columns/aggregate.ts';
import { EMPTY_SERIES, lowerBound, seriesOf } from '../../domain/columns/frame.ts';
import { decidingWindow } from '../../domain/time/cadence.ts';
import { addDays, bucketEdges, dayOf, dayWindow } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import { reportingOf } from '../devices/declared-rules.ts';
import { declaredWidth, intervalSamples, oneWay } from '../energy/interval-samples.ts';
import { type Meter, meterOf } from './meter.ts';

/** Energy of one device by slots that start at local midnight. */
export interface MachineEnergy {
  /** Epoch milliseconds, one more than the number of slots; the first and the last are the window's. */
  readonly edges: Float64Array;
  /** kWh; NaN if unknown. */
  readonly kwh: Float64Array;
  readonly knownMs: Float64Array;
}

/** Margin around the days of a window in which counters are also read, so that the growth across a gap at its edge is known; power needs none. */
const MARGIN_MS = 2 * UTC_DAY_MS;
/** Maximum span of one query for raw samples of a signed power. */
const MAX_RAW_MS = 31 * UTC_DAY_MS;

/**
 * The consumption of a device in a window: its energy per interval, else the growth of its counter, both distributed by its power where
 * available; else its power over time. Of a signed power only the positive part counts.
 * @param bucket width of the slots
 */
export async function machineEnergy(
  queries: TelemetryQueries,
  device: DeviceRecord,
  { window, timeZone, asOf, bucket }: { window: Window; timeZone: string; asOf: number; bucket: '15m' | '1h' | '1d' },
): Promise<MachineEnergy> {
  const meter = meterOf(queries, device.id);
  const margin = meter?.counter || meter?.isSigned ? 1 : 0;
  const days = {
    start: dayWindow(addDays(dayOf(window.start, timeZone), -margin), timeZone).start,
    end: dayWindow(addDays(dayOf(window.end - 1, timeZone), margin), timeZone).end,
  };
  const inner = new Set([...bucketEdges(days, bucket, timeZone), window.start, window.end]);
  if (meter?.counter) inner.add(days.start - MARGIN_MS).add(days.end + MARGIN_MS);
  const edges = Float64Array.from(inner).sort();
  const { kwh, knownMs } = meter
    ? await meteredEnergy(queries, { device, meter, edges, asOf }, timeZone)
    : nothing(edges);
  const [from, to] = [lowerBound(edges, window.start), lowerBound(edges, window.end)];
  return { edges: edges.slice(from, to + 1), kwh: kwh.slice(from, to), knownMs: knownMs.slice(from, to) };
}

/** A device's power over time as constant steps; the positive part of a signed power. */
export async function powerSteps(
  queries: TelemetryQueries,
  { device, meter: { group, power, isSigned }, asOf }: Omit<Metered, 'edges'>,
  window: Window,
): Promise<Steps> {
  const reporting = reportingOf(device);
  const [frame] = await queries.frames({
    deviceIds: [device.id],
    group,
    quantities: [power!],
    window: decidingWindow(window, reporting),
  });
  const steps = stepsOf(frame ? seriesOf(frame, power!) : EMPTY_SERIES, { ...reporting, asOf });
  return isSigned ? { ...steps, values: steps.values.map((kw) => Math.max(kw, 0)) } : steps;
}

interface Metered {
  readonly device: DeviceRecord;
  readonly meter: Meter;
  readonly edges: Float64Array;
  readonly asOf: number;
}

/** Energies per interval that overlap a window; the positive part of signed ones. */
export async function meteredIntervals(
  queries: TelemetryQueries,
  { device, meter: { group, interval }, asOf }: Omit<Metered, 'edges'>,
  window: Window,
  timeZone: string,
): Promise<IntervalEnergy> {
  const width = declaredWidth(device, `${group}.${interval}`);
  const series = { deviceId: device.id, group, quantity: interval!, width, timeZone };
  return oneWay(await intervalSamples(queries, series, window, asOf), 1);
}

async function meteredEnergy(queries: TelemetryQueries, metered: Metered, timeZone: string): Promise<FlowEnergy> {
  const { meter, edges, asOf } = metered;
  const measured = meter.power === null && meter.counter === null ? null : await measuredEnergy(queries, metered);
  if (meter.interval === null) return measured ?? nothing(edges);
  const window = { start: edges[0]!, end: edges.at(-1)! };
  return withIntervals(measured, await meteredIntervals(queries, metered, window, timeZone), edges, asOf);
}

async function measuredEnergy(queries: TelemetryQueries, metered: Metered): Promise<FlowEnergy> {
  const { device, meter, edges, asOf } = metered;
  const quantities = [meter.power, meter.counter].filter((quantity) => quantity !== null);
  const [answer] = await queries.buckets({ deviceIds: [device.id], group: meter.group, quantities, edges, asOf });
  const of = (quantity: string | null): Buckets | null =>
    (quantity === null ? undefined : answer?.buckets[quantities.indexOf(quantity)]) ?? null;
  const power = of(meter.power);
  return flowEnergy(power && (await fromPower(queries, metered, power)), of(meter.counter), edges, asOf);
}

/** Raw samples are read only in slots in which the power changes its sign. */
async function fromPower(queries: TelemetryQueries, metered: Metered, power: Buckets): Promise<FlowEnergy> {
  const { meter, edges } = metered;
  if (!meter.isSigned) return { kwh: power.integral, knownMs: power.coveredMs };
  const { energy, mixed } = signedBuckets(power);
  const kwh = energy.positive;
  for (const { from, to } of mixedRuns(mixed)) {
    for (let first = from; first < to; ) {
      let last = first + 1;
      while (last < to && edges[last + 1]! - edges[first]! <= MAX_RAW_MS) last++;
      const part = edges.subarray(first, last + 1);
      const steps = await powerSteps(queries, metered, { start: part[0]!, end: part.at(-1)! });
      kwh.set(splitSteps(steps, part).positive, first);
      first = last;
    }
  }
  return { kwh, knownMs: energy.coveredMs };
}

function nothing(edges: Float64Array): FlowEnergy {
  return { kwh: new Float64Array(edges.length - 1).fill(Number.NaN), knownMs: new Float64Array(edges.length - 1) };
}
