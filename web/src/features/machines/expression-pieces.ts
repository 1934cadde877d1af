import { KPI_UNITS } from '@wattkeeper/contract/analytics/kpi.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';

/** Key figures as they stand in expressions. */
export const KPI_PIECES: readonly string[] = Object.keys(KPI_UNITS).map((name) => `kpi.${name}`);

/** The usual reading of a metric as it stands in an expression: what is counted is summed, a power gives energy, the rest a mean. */
export function pieceOf(name: string, metric: Pick<Metric, 'kind' | 'unit'> | undefined): string {
  const written = /^[\p{L}_][\p{L}\p{Nd}_]*(\.[\p{L}\p{Nd}_]+)*$/u.test(name)
    ? name
    : `"${name.replace(/["\\]/g, '\\$&')}"`;
  if (metric === undefined || metric.kind === 'gauge') {
    return metric?.unit === 'kW' ? `energy(${written})` : `mean(${written})`;
  }
  return `sum(${written})`;
}

/** A text with a piece in place of what is selected, set apart by spaces. */
export function withPiece(text: string, piece: string, { start, end }: { start: number; end: number }): string {
  const [before, behind] = [text.slice(0, start), text.slice(end)];
  const left = before === '' || /[\s(]$/.test(before) ? before : `${before} `;
  const right = behind === '' || /^[\s)]/.test(behind) ? behind : ` ${behind}`;
  return left + piece + right;
}
