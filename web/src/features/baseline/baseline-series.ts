import type { BaselineDeviation } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { alignSeries, type Frame } from '../../charts/frame.ts';

/** Series of a comparison on one time axis, with gaps for excluded hours. */
export interface BaselineFrames {
  /** Actual, predicted. */
  readonly energy: Frame;
  readonly residuals: Frame;
  readonly contributions: Frame;
  /** Names of the columns of `contributions`. */
  readonly parts: readonly string[];
  readonly cusum: Frame;
}

export function baselineFrames({
  resolution,
  hourly_deviations,
  cusum,
  contributions_kwh,
}: BaselineDeviation): BaselineFrames {
  const times = hourly_deviations.map(({ hour }) => Date.parse(hour));
  const gapMs = (resolution === 'hour' ? 1.5 : 36) * HOUR_MS;
  const frame = (...columns: readonly (readonly number[])[]) =>
    alignSeries(columns.map((values) => ({ times, values, gapMs })));
  const parts = Object.entries(contributions_kwh);
  return {
    energy: frame(
      hourly_deviations.map(({ actual_kwh }) => actual_kwh),
      hourly_deviations.map(({ predicted_kwh }) => predicted_kwh),
    ),
    residuals: frame(hourly_deviations.map(({ deviation_kwh }) => deviation_kwh)),
    contributions: frame(...parts.map(([, values]) => values)),
    parts: parts.map(([name]) => name),
    // The CUSUM continues across missing hours.
    cusum: alignSeries([{ times, values: cusum, gapMs: Number.POSITIVE_INFINITY }]),
  };
}

/** `a,b\n1,2\n`, according to RFC 4180. */
export function csvText(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cell = (value: string | number | null) => {
    const text = value === null ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Measured and expected energy per hour or day, with the contributions to the expected energy. */
export function comparisonCsv({ hourly_deviations, cusum, contributions_kwh }: BaselineDeviation): string {
  const parts = Object.entries(contributions_kwh);
  const head = [
    'start',
    'actual_kwh',
    'predicted_kwh',
    'deviation_kwh',
    'cusum_kwh',
    ...parts.map(([name]) => `${name}_kwh`),
  ];
  return csvText(
    head,
    hourly_deviations.map(({ hour, actual_kwh, predicted_kwh, deviation_kwh }, i) => [
      ...[hour, actual_kwh, predicted_kwh, deviation_kwh, cusum[i] ?? null],
      ...parts.map(([, values]) => values[i] ?? null),
    ]),
  );
}
