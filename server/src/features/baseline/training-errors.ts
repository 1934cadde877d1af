import type { Resolution } from '@wattkeeper/contract/analytics/baseline.ts';
import { termNames } from '../../analytics/baseline/basis.ts';
import type { Unfit } from '../../analytics/baseline/unfit.ts';
import { ENOUGH_SAMPLES, MIN_SAMPLES_BY_RESOLUTION } from '../../analytics/baseline/validity.ts';
import { InvalidInput } from '../../domain/errors.ts';

/** The error for too little data, with the number of days still needed. */
export function tooFew(found: number, total: number, resolution: Resolution, zeros = 0): InvalidInput {
  const rate = total === 0 ? 0 : found / total;
  const needed = MIN_SAMPLES_BY_RESOLUTION[resolution];
  const days = Math.ceil((needed - found) / rate / (resolution === 'hour' ? 24 : 1));
  const wait =
    rate === 0
      ? `none of the ${resolution}s has energy and every driver`
      : `collect data for about ${days} more days, or omit the driver with the most missing values`;
  const ofZero = zeros === 0 ? '' : `; ${zeros} of 0 kWh count as missing unless zero_readings is valid`;
  return new InvalidInput(
    `${found} ${resolution}s of this window have energy and every driver, and a baseline needs ${needed} (${ENOUGH_SAMPLES[resolution]} for a reliable one): ${wait}${ofZero}`,
  );
}

/** The error for data that the model cannot learn from. */
export function unfit({ reason, basis }: Unfit, drivers: readonly string[], resolution: Resolution): InvalidInput {
  if (reason.kind === 'too_few') return tooFew(reason.n, reason.n, resolution);
  if (reason.kind === 'flat') {
    return refuse(
      'machine_id',
      'the energy did not change in this window, so it has no drivers; choose a longer window',
    );
  }
  if (reason.kind === 'no_change_point') {
    return refuse(
      'model_type',
      'the energy has no change point over the outdoor temperature in this window; choose another model or a longer window',
    );
  }
  const terms = termNames(basis, drivers);
  const names = reason.columns.map((c) => terms[c]).join(', ');
  return refuse(
    'drivers',
    reason.kind === 'constant'
      ? `${names} did not change in this window, so it has no effect to learn; omit it`
      : `${names} is a combination of the other drivers, so their effects cannot be separated; omit it`,
  );
}

export function refuse(field: string, detail: string): InvalidInput {
  return new InvalidInput(`${field}: ${detail}`, { fields: [{ field, detail }] });
}
