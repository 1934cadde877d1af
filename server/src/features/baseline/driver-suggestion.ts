import type { BaselineDrivers } from '@wattkeeper/contract/analytics/baseline-drivers.ts';
import { MIN_SAMPLES_BY_RESOLUTION } from '../../analytics/baseline/validity.ts';
import { isCondition } from '../../domain/made-of-energy.ts';
import { periodOf } from '../../domain/time/asked-window.ts';
import type { Window } from '../../domain/time/window.ts';
import type { ModelPool } from '../../jobs/model-pool.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { EnergyService } from '../energy/service.ts';
import { type Driver, type DriverOptions, madeOfEnergy } from './driver-loader.ts';
import { loadObservations, type Needs } from './observations.ts';
import { MAY_BE_MADE } from './suspicious-drivers.ts';

type Answer = NonNullable<BaselineDrivers['suggestion']>;

/** A driver known for a smaller share of the hours with energy would exclude too many of them. */
const MIN_KNOWN_SHARE = 0.8;

/** Selects drivers from the available ones; null for too few hours. */
export async function suggestion(
  options: DriverOptions & { readonly energy: EnergyService; readonly models: ModelPool },
  machine: DeviceRecord,
  { drivers, adjustments }: Pick<Needs, 'drivers' | 'adjustments'>,
  window: Window,
): Promise<Answer | null> {
  const needs: Omit<Needs, 'drivers'> = {
    temperature: null,
    lags: [],
    resolution: 'hour',
    zeroReadings: 'missing',
    adjustments,
  };
  const samplesOf = async (some: readonly Driver[]) =>
    (await loadObservations(options, machine, { ...needs, drivers: some }, window)).observations;
  const all = (await samplesOf([])).starts.length;
  const each = await Promise.all(drivers.map(async (driver) => (await samplesOf([driver])).starts.length / all));
  const known = drivers.filter((_, d) => each[d]! >= MIN_KNOWN_SHARE);
  const { starts, kwh, columns } = await samplesOf(known);
  if (starts.length < MIN_SAMPLES_BY_RESOLUTION.hour) return null;
  const conditions = [...known.keys()].filter((d) => isCondition(known[d]!.metric));
  const found = await options.models.run('baseline.suggest', { kwh, columns, conditions });
  const nameOf = (d: number) => known[d]!.name;
  return {
    time_period: periodOf(window),
    samples: starts.length,
    drivers: found.drivers.map(nameOf),
    adjusted_r_squared: found.adjustedRSquared,
    p_values: Object.fromEntries(found.drivers.map((d, i) => [nameOf(d), found.pValues[i]!])),
    left_out: [
      ...drivers.flatMap(({ name }, d) =>
        known.some((driver) => driver.name === name)
          ? []
          : [
              {
                name,
                reason: 'missing' as const,
                with: [],
                detail: `known for ${percent(each[d]!)} of the hours with energy`,
              },
            ],
      ),
      ...madeOfEnergy(options, machine).map(({ name }) => ({
        name,
        reason: 'derived' as const,
        with: [],
        detail: explain('derived', []),
      })),
      ...found.leftOut.map(({ driver, reason, with: others }) => {
        const names = others.map(nameOf);
        return { name: nameOf(driver), reason, with: names, detail: explain(reason, names) };
      }),
    ],
  };
}

function explain(reason: Exclude<Answer['left_out'][number]['reason'], 'missing'>, names: readonly string[]): string {
  if (reason === 'constant') return 'did not change in this window';
  if (reason === 'derived') return 'is derived from the energy, so it cannot be a driver';
  if (reason === 'suspicious') return `${MAY_BE_MADE}; add it if it is not`;
  if (reason === 'collinear') return `has the same information as ${names.join(', ')}`;
  return 'does not improve the model';
}

function percent(share: number): string {
  return `${Math.round(100 * (Number.isNaN(share) ? 0 : share))} %`;
}
