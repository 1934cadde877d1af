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

/** Coverage below which a figure is reported as incomplete: one 15-minute slot of a day is 1 %. */
const INCOMPLETE = 0.995;

/** Warnings on a site's totals: derived energy, unknown energy, incomplete coverage, and disagreement of meters. */
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
      corner === 'solar' && from === 'night'
        ? `${NAMES.solar} counts as zero for ${hours} of night without readings`
        : `${NAMES[corner]} is derived from ${from} for ${hours}`,
    ];
  });
}

function unknowns(totals: SiteTotals, reported: ReadonlySet<Corner>): string[] {
  const warnings: string[] = [];
  if (totals.importKwh === null) {
    warnings.push(
      reported.has('grid')
        ? 'grid import is unknown: the grid meter was silent, and it cannot be derived from other devices'
        : 'grid import is unknown: no device reports the grid, and it cannot be derived from other devices',
    );
  }
  if (totals.consumptionKwh === null) {
    warnings.push('consumption is unknown: no load is reported, and it cannot be derived from other devices');
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
  return [`only ${percent(coverage)} of the time is covered${which}: totals refer to this part`];
}

/** With one decimal place as in the web app. */
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
