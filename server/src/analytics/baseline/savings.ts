import type { Criterion, Resolution } from '@wattkeeper/contract/analytics/baseline.ts';
import type { SavingsVerdict } from '@wattkeeper/contract/analytics/baseline-deviation.ts';

/** The values that decide whether a saving is claimed. */
export interface SavingsEvidence {
  /** Predicted − actual, kWh; negative: more was used. */
  readonly savedKwh: number;
  /** Half the width of the 90 % interval. */
  readonly uncertaintyKwh: number;
  readonly resolution: Resolution;
  /** Numbers of hours or days: compared, missing, in the training period, and outside the training range. */
  readonly compared: number;
  readonly missing: number;
  readonly trainedOn: number;
  readonly extrapolated: number;
  /** Drivers whose mean is outside the training range. */
  readonly meansOutside: readonly string[];
  readonly criteria: readonly Criterion[];
}

/** Minimum share of known hours or days (CalTRACK 2.2.1). */
const MIN_COVERAGE = 0.9;
/** At 90 % confidence (NMEC practice; CalTRACK 4.3.2). */
const MAX_FRACTIONAL_UNCERTAINTY = 0.5;
/** A model that fails one of these is not valid for savings (DOE/LBNL EnPI, valid model; NMEC practice). */
const DECISIVE = new Set(['overall F-test, p', 'every driver, p', 'at least one driver, p', 'floor of R²', 'NMBE']);

/**
 * Whether the avoided or excess energy exceeds the model's error: significant, not significant, or not valid if the model or the window cannot
 * support a claim. Gives the reasons, the decisive ones first.
 */
export function judgeSavings(evidence: SavingsEvidence): { verdict: SavingsVerdict; reasons: string[] } {
  const { criteria, savedKwh, uncertaintyKwh, compared, resolution } = evidence;
  if (compared === 0) return { verdict: 'no_data', reasons: [`no ${resolution} of this window can be compared`] };
  const failed = criteria.filter(({ passed }) => passed === false);
  const invalid = [...faultsOf(evidence), ...failed.filter(({ rule }) => DECISIVE.has(rule)).map(sentence)];
  const notes = [...extrapolationNote(evidence), ...failed.filter(({ rule }) => !DECISIVE.has(rule)).map(sentence)];
  if (invalid.length > 0) return { verdict: 'not_valid', reasons: [...invalid, ...notes] };
  const fraction = savedKwh === 0 ? Number.POSITIVE_INFINITY : uncertaintyKwh / Math.abs(savedKwh);
  const isSignificant = fraction < MAX_FRACTIONAL_UNCERTAINTY;
  const shown = Number.isFinite(fraction) ? fraction.toFixed(2) : 'infinite';
  const reason = `the fractional savings uncertainty at 90 % is ${shown}: ${isSignificant ? 'below' : 'not below'} ${MAX_FRACTIONAL_UNCERTAINTY.toFixed(2)} (NMEC practice)`;
  return { verdict: isSignificant ? 'significant' : 'not_significant', reasons: [reason, ...notes] };
}

/** The deficiencies of the window. */
function faultsOf({ compared, missing, trainedOn, meansOutside, resolution }: SavingsEvidence): string[] {
  const coverage = compared / (compared + missing);
  return [
    ...(trainedOn > 0
      ? [
          `${trainedOn} of ${compared} ${resolution}s are in the range that the model was trained on: choose a later one`,
        ]
      : []),
    ...(coverage < MIN_COVERAGE
      ? [
          `${(100 * coverage).toFixed(1)} % of the ${resolution}s can be compared, and ${100 * MIN_COVERAGE} % are needed (CalTRACK 2.2.1)`,
        ]
      : []),
    ...meansOutside.map((name) => `the mean of ${name} is outside the range that the model has seen (DOE/LBNL EnPI)`),
  ];
}

function extrapolationNote({ extrapolated, compared, resolution }: SavingsEvidence): string[] {
  return extrapolated > 0
    ? [`${extrapolated} of ${compared} ${resolution}s are outside the range that the model has seen`]
    : [];
}

function sentence({ rule, source, value, threshold }: Criterion): string {
  const shown = value === null ? 'unknown' : Number(value.toPrecision(3));
  return `the model does not meet: ${rule} ${threshold} (${source}); it is ${shown}`;
}
