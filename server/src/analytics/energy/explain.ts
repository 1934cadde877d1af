import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { deviation, isBalanced } from '../quality/score.ts';
import type { SiteSlots } from './balance.ts';
import type { Corner } from './corners.ts';
import { measuredSides } from './sides.ts';
import type { SiteTotals } from './totals.ts';

const NAMES: Readonly<Record<Corner, string>> = {
  solar: 'solar production',
  battery: 'battery energy',
  grid: 'grid import and export',
  load: 'consumption',
  vehicle: 'vehicle energy',
  machines: 'energy of machines',
};

/** Coverage below which a figure is called incomplete: one 15-minute slot of a day is 1 %. */
const INCOMPLETE = 0.995;

/** What a reader must know of a site's totals: what was worked out and how, what is not known and why, what does not fit. */
export function explainTotals(slots: SiteSlots, totals: SiteTotals, reported: ReadonlySet<Corner>): string[] {
  return [...derivations(slots), ...unknowns(totals, reported), ...gaps(totals), ...disagreement(slots)];
}

function derivations(slots: SiteSlots): string[] {
  return slots.derived.flatMap(({ corner, from, slots: marked }) => {
    let ms = 0;
    marked.forEach((mark, s) => {
      ms += mark * (slots.edges[s + 1]! - slots.edges[s]!);
    });
    if (ms === 0) return [];
    const hours = `${Number((ms / (60 * MINUTE_MS)).toFixed(2))} h`;
    return [
      corner === 'solar' && from === 'the sun being down'
        ? `${NAMES.solar} counts as zero for ${hours} of night without readings`
        : `${NAMES[corner]} is worked out from ${from} for ${hours}`,
    ];
  });
}

function unknowns(totals: SiteTotals, reported: ReadonlySet<Corner>): string[] {
  const warnings: string[] = [];
  if (totals.importKwh === null) {
    warnings.push(
      reported.has('grid')
        ? 'grid import is unknown: the grid meter was silent, and what else reports does not determine it'
        : 'grid import is unknown: no device reports the grid, and what else reports does not determine it',
    );
  }
  if (totals.consumptionKwh === null) {
    warnings.push('consumption is unknown: no load is reported, and what else reports does not determine it');
  }
  if (totals.solarKwh === null && reported.has('solar'))
    warnings.push('solar production is unknown: its devices were silent');
  return warnings;
}

function gaps({ coverage, measuredCoverage }: SiteTotals): string[] {
  if (coverage >= INCOMPLETE) return [];
  const parts = Object.entries(measuredCoverage)
    .filter(([, share]) => share < INCOMPLETE)
    .map(([corner, share]) => `${corner} ${percent(share)}`);
  const which = parts.length > 0 ? ` (measured: ${parts.join(', ')})` : '';
  return [`only ${percent(coverage)} of the time is covered${which}: totals are of that part`];
}

/** With the decimal place that pages show, so that a share is the same number wherever it is read. */
function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}

function disagreement(slots: SiteSlots): string[] {
  const sides = measuredSides(slots);
  if (sides === null || isBalanced(sides.inKwh, sides.outKwh)) return [];
  const share = deviation(sides.inKwh, sides.outKwh);
  const side = share > 0 ? 'more is produced, imported and discharged' : 'more is consumed, exported and charged';
  return [`the meters disagree: ${side} than the other side of the balance, by ${Math.round(Math.abs(share) * 100)} %`];
}
