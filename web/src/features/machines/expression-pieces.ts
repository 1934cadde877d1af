import { KPI_UNITS } from '@wattkeeper/contract/analytics/kpi.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';

/** Key figures as written in expressions. */
export const KPI_PIECES: readonly string[] = Object.keys(KPI_UNITS).map((name) => `kpi.${name}`);

/** The default use of a metric in an expression: sum for deltas and counters, energy for a power, mean otherwise. */
export function pieceOf(name: string, metric: Pick<Metric, 'kind' | 'unit'> | undefined): string {
  const written = /^[\p{L}_][\p{L}\p{Nd}_]*(\.[\p{L}\p{Nd}_]+)*$/u.test(name)
    ? name
    : `"${name.replace(/["\\]/g, '\\$&')}"`;
  if (metric === undefined || metric.kind === 'gauge') {
    return metric?.unit === 'kW' ? `energy(${written})` : `mean(${written})`;
  }
  return `sum(${written})`;
}

/** A text with an element in place of the selection, separated by spaces. */
export function withPiece(text: string, piece: string, { start, end }: { start: number; end: number }): string {
  const [before, after] = [text.slice(0, start), text.slice(end)];
  const left = before === '' || /[\s(]$/.test(before) ? before : `${before} `;
  const right = after === '' || /^[\s)]/.test(after) ? after : ` ${after}`;
  return left + piece + right;
}
