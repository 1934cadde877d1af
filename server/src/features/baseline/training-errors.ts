import type { Resolution } from '@wattkeeper/contract/analytics/baseline.ts';
import { termNames } from '../../analytics/baseline/basis.ts';
import type { Unfit } from '../../analytics/baseline/unfit.ts';
import { ENOUGH_SAMPLES, MIN_SAMPLES_BY_RESOLUTION } from '../../analytics/baseline/validity.ts';
import { InvalidInput } from '../../domain/errors.ts';

/** Says how many more days it takes. */
export function tooFew(found: number, total: number, resolution: Resolution, zeros = 0): InvalidInput {
  const rate = total === 0 ? 0 : found / total;
  const needed = MIN_SAMPLES_BY_RESOLUTION[resolution];
  const days = Math.ceil((needed - found) / rate / (resolution === 'hour' ? 24 : 1));
  const wait =
    rate === 0
      ? `none of the ${resolution}s has energy and every driver`
      : `collect for about ${days} more days, or leave out the driver that is missing most`;
  const ofZero = zeros === 0 ? '' : `; ${zeros} of 0 kWh count as missing unless zero_readings is valid`;
  return new InvalidInput(
    `${found} ${resolution}s of this window have energy and every driver, and a baseline needs ${needed} (${ENOUGH_SAMPLES[resolution]} for a sound one): ${wait}${ofZero}`,
  );
}

/** Names what the model cannot learn from. */
export function unfit({ reason, basis }: Unfit, drivers: readonly string[], resolution: Resolution): InvalidInput {
  if (reason.kind === 'too_few') return tooFew(reason.n, reason.n, resolution);
  if (reason.kind === 'flat') {
    return refuse('machine_id', 'the energy did not change in this window, so nothing drives it: take a longer window');
  }
  if (reason.kind === 'no_change_point') {
    return refuse(
      'model_type',
      'the energy does not bend with the outdoor temperature in this window: take another model or a longer window',
    );
  }
  const terms = termNames(basis, drivers);
  const names = reason.columns.map((c) => terms[c]).join(', ');
  return refuse(
    'drivers',
    reason.kind === 'constant'
      ? `${names} did not change in this window, so nothing can be learnt from it: leave it out`
      : `${names} follows from the other drivers, so their effects cannot be told apart: leave it out`,
  );
}

export function refuse(field: string, detail: string): InvalidInput {
  return new InvalidInput(`${field}: ${detail}`, { fields: [{ field, detail }] });
}
