import { type FlowEnergy, flowEnergy } from '../../analytics/energy/flow-energy.ts';
import type { Buckets } from '../../domain/aggregate.ts';
import { lowerBound } from '../../domain/frame.ts';
import { addDays, bucketEdges, dayOf, dayWindow } from '../../domain/site-time.ts';
import { UTC_DAY_MS, type Window } from '../../domain/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';

/** Energy of one machine by slots that begin at local midnight. */
export interface MachineEnergy {
  /** Epoch milliseconds, one more than there are slots; the first and the last are the window's. */
  readonly edges: Float64Array;
  /** kWh; NaN where it is not known. */
  readonly kwh: Float64Array;
  readonly knownMs: Float64Array;
}

export const MACHINE_GROUP = 'energy';
export const MACHINE_POWER = 'power_kw';
export const MACHINE_COUNTER = 'energy_kwh';
/** Whether a device is a machine: it meters energy. */
export function metersEnergy(queries: Pick<TelemetryQueries, 'metricsOf'>, deviceId: string): boolean {
  return queries.metricsOf(deviceId).some((metric) => metric.startsWith(`${MACHINE_GROUP}.`));
}

/** Counters are read this far beyond the days around a window, so that the growth across a gap at its edge is known; power needs neither. */
const MARGIN_MS = 2 * UTC_DAY_MS;

/**
 * What a machine's meter says of a window: from its counter where it has one, with the course of its power, else from power over time.
 * @param bucket width of the slots
 */
export async function machineEnergy(
  queries: TelemetryQueries,
  deviceId: string,
  { window, timeZone, asOf, bucket }: { window: Window; timeZone: string; asOf: number; bucket: '15m' | '1h' | '1d' },
): Promise<MachineEnergy> {
  const known = queries.metricsOf(deviceId);
  const [hasPower, hasCounter] = [MACHINE_POWER, MACHINE_COUNTER].map((name) =>
    known.includes(`${MACHINE_GROUP}.${name}`),
  );
  const margin = hasCounter ? 1 : 0;
  const days = {
    start: dayWindow(addDays(dayOf(window.start, timeZone), -margin), timeZone).start,
    end: dayWindow(addDays(dayOf(window.end - 1, timeZone), margin), timeZone).end,
  };
  const inner = new Set([...bucketEdges(days, bucket, timeZone), window.start, window.end]);
  if (hasCounter) inner.add(days.start - MARGIN_MS).add(days.end + MARGIN_MS);
  const edges = Float64Array.from(inner).sort();
  const quantities = [...(hasPower ? [MACHINE_POWER] : []), ...(hasCounter ? [MACHINE_COUNTER] : [])];
  const [answer] = await queries.buckets({ deviceIds: [deviceId], group: MACHINE_GROUP, quantities, edges, asOf });
  const of = (quantity: string): Buckets | null => answer?.buckets[quantities.indexOf(quantity)] ?? null;
  const power = of(MACHINE_POWER);
  const fromPower: FlowEnergy | null = power && { kwh: power.integral, knownMs: power.coveredMs };
  const { kwh, knownMs } = flowEnergy(fromPower, of(MACHINE_COUNTER), edges, asOf);
  const [from, to] = [lowerBound(edges, window.start), lowerBound(edges, window.end)];
  return { edges: edges.slice(from, to + 1), kwh: kwh.slice(from, to), knownMs: knownMs.slice(from, to) };
}
