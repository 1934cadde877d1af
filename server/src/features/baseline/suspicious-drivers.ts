import { suspicionOf } from '../../analytics/baseline/suspicion.ts';
import { isCondition } from '../../domain/made-of-energy.ts';
import { isCalendar } from './categories.ts';
import type { Driver } from './driver-loader.ts';
import type { Loaded } from './observations.ts';

export const MAY_BE_MADE = 'explains almost all of the energy alone, so it may be derived from it';

/** A driver that a user must confirm before the model is activated. */
export interface SuspiciousDriver {
  readonly name: string;
  readonly rSquared: number;
  readonly reason: string;
}

/** Drivers that may be derived from the energy, with reasons. */
export function suspiciousDrivers(drivers: readonly Driver[], { observations }: Loaded): SuspiciousDriver[] {
  return drivers.flatMap(({ name, metric }, d) => {
    const found =
      isCondition(metric) || isCalendar({ metric }) ? null : suspicionOf(observations.columns[d]!, observations.kwh);
    if (found === null) return [];
    const share = `${(100 * found.rSquared).toFixed(1)} %`;
    const how = found.isCopy
      ? `is the energy times a number, rounded (${share} of its variance)`
      : `${MAY_BE_MADE} (${share} of its variance)`;
    return [{ name, rSquared: found.rSquared, reason: `${name} ${how}` }];
  });
}
