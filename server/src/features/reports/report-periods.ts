import type { ReportKind } from '@wattkeeper/contract/analytics/report.ts';
import { addDays } from '../../domain/time/site-time.ts';

/** A day, week or month of a site. */
export interface ReportPeriod {
  readonly kind: ReportKind;
  /** `2026-03-29`, `2026-W13` (ISO 8601), `2026-03`. */
  readonly period: string;
  readonly firstDay: string;
  readonly lastDay: string;
}

/**
 * The periods that end with a day.
 * @param weekday of the day, 1 Monday … 7 Sunday
 */
export function periodsEndedBy(day: string, weekday: number): ReportPeriod[] {
  const periods: ReportPeriod[] = [{ kind: 'daily', period: day, firstDay: day, lastDay: day }];
  if (weekday === 7) {
    periods.push({ kind: 'weekly', period: weekOf(day), firstDay: addDays(day, -6), lastDay: day });
  }
  const month = day.slice(0, 7);
  if (addDays(day, 1).slice(0, 7) !== month) {
    periods.push({ kind: 'monthly', period: month, firstDay: `${month}-01`, lastDay: day });
  }
  return periods;
}

/** ISO 8601 week of a Sunday: it belongs to the year of the week's Thursday. */
function weekOf(sunday: string): string {
  const thursday = addDays(sunday, -3);
  const year = thursday.slice(0, 4);
  let week = 1;
  for (let day = addDays(thursday, -7); day.startsWith(year); day = addDays(day, -7)) week++;
  return `${year}-W${String(week).padStart(2, '0')}`;
}
