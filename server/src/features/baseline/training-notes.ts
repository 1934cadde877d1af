import type { Resolution, TrainedBaseline } from '@wattkeeper/contract/analytics/baseline.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { Training } from '../../analytics/baseline/train.ts';
import { ENOUGH_SAMPLES, pValuesOf } from '../../analytics/baseline/validity.ts';
import type { Category } from './categories.ts';
import { conditionsOf, predictParts } from './comparison.ts';
import type { Loaded } from './observations.ts';
import { fitOf, type StoredModel } from './stored-model.ts';

const IDLE_P = 0.05;

/** The hours or days of the training, with actual and predicted energy. */
export function seriesOf(model: StoredModel, loaded: Loaded): TrainedBaseline['series'] {
  const lag = model.basis.type === 'linear' ? 0 : model.basis.lagHours;
  const isDriver = model.drivers.length > loaded.observations.columns.length;
  const [outdoors] = loaded.temperatures;
  const columns = [...loaded.observations.columns, ...(isDriver && outdoors ? [outdoors] : [])];
  const seen = {
    ...loaded,
    observations: { ...loaded.observations, columns },
    temperatures: loaded.temperatures.slice(lag, lag + 1),
  };
  const { known } = conditionsOf(seen, fitOf(model));
  const { kwh, parts } = predictParts(model, known);
  return {
    timestamps: Array.from(known.starts, formatInstant),
    actual_kwh: [...known.kwh],
    predicted_kwh: [...kwh],
    residual_kwh: Array.from(known.kwh, (actual, i) => actual - kwh[i]!),
    contributions_kwh: parts,
  };
}

export function sizeWarnings(samples: number, resolution: Resolution): string[] {
  const enough = ENOUGH_SAMPLES[resolution];
  return samples < enough ? [`${samples} ${resolution}s are few: ${enough} are recommended`] : [];
}

export function zeroWarnings({ zeros, total }: Loaded, resolution: Resolution): string[] {
  if (zeros === 0) return [];
  return [
    `${zeros} of ${total} ${resolution}s read 0 kWh and count as missing: if the machine was off, train with zero_readings: valid`,
  ];
}

/** Drivers without a significant effect. */
export function idleWarnings(
  training: Training,
  drivers: readonly { readonly name: string; readonly category?: Category | undefined }[],
): string[] {
  const p = pValuesOf(training).slice(-drivers.length);
  const idle = drivers.flatMap(({ name, category }, d) =>
    p[d]! < IDLE_P ? [] : [`${category?.source ?? name} has no significant effect (p = ${p[d]!.toFixed(2)}); omit it`],
  );
  return [...new Set(idle)];
}
