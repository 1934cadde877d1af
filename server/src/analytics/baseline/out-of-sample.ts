import { UTC_WEEK_MS } from '@wattkeeper/contract/durations.ts';
import { type Observations, rowsOf } from './conditions.ts';
import { predict } from './deviation.ts';
import type { Fitted } from './fitted.ts';
import type { Unfit } from './unfit.ts';

const FOLDS = 5;

/** Folds consist of whole weeks, so that no hour is predicted from its neighbour; each fold has weeks of every season. */
export function partsOf({ starts }: Observations): Uint8Array {
  return Uint8Array.from(starts, (start) => Math.floor(start / UTC_WEEK_MS) % FOLDS);
}

/** Cross-validated √(mean squared error) ÷ mean energy; null if a fold cannot be fitted. */
export function outOfSample(fit: (seen: Observations) => Fitted | Unfit, observations: Observations): number | null {
  const parts = partsOf(observations);
  const rowsWhere = (isWanted: (part: number) => boolean) =>
    rowsOf(
      observations,
      Uint32Array.from(parts.keys()).filter((row) => isWanted(parts[row]!)),
    );
  let [squares, sum, count] = [0, 0, 0];
  for (const part of new Set(parts)) {
    const { seen, unseen } = comparable(
      rowsWhere((own) => own !== part),
      rowsWhere((own) => own === part),
    );
    const fitted = fit(seen);
    if ('reason' in fitted) return null;
    const slopes = fitted.regression.coefficients.map(({ value }) => value);
    const predicted = predict({ ...fitted.regression, slopes, basis: fitted.basis }, unseen, unseen.kwh.length).kwh;
    for (const [i, expected] of predicted.entries()) {
      if (Number.isNaN(expected)) continue;
      squares += (unseen.kwh[i]! - expected) ** 2;
      sum += unseen.kwh[i]!;
      count++;
    }
  }
  return count === 0 ? null : Math.sqrt(squares / count) / (sum / count);
}

/** Excludes drivers that do not vary in the training weeks, such as a mode that is active in other weeks only, and the rows in which they differ. */
function comparable(seen: Observations, unseen: Observations): { seen: Observations; unseen: Observations } {
  const still = [...seen.columns.keys()].filter((c) =>
    seen.columns[c]!.every((value) => value === seen.columns[c]![0]),
  );
  if (still.length === 0) return { seen, unseen };
  const known = [...unseen.kwh.keys()].filter((i) => still.every((c) => unseen.columns[c]![i] === seen.columns[c]![0]));
  const without = (all: Observations) => ({ ...all, columns: all.columns.filter((_, c) => !still.includes(c)) });
  return { seen: without(seen), unseen: without(rowsOf(unseen, known)) };
}

export interface Score {
  readonly error: number | null;
  readonly n: number;
  readonly freedom: number;
}

/**
 * Each term without effect increases the squared error out of sample by 1/n, and its root by half of that. A larger model must improve by more
 * than this, so that it is not selected by chance.
 */
export function isBetter(one: Score, best: Score): boolean {
  if (one.error === null) return false;
  const more = Math.max(best.freedom - one.freedom, 1);
  return best.error === null || one.error < best.error * (1 - (0.5 * more) / one.n);
}
