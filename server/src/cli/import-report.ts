import { HOUR_MS, MINUTE_MS, SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { RunOutcome } from '../features/importing/run-import.ts';
import type { ImportReport } from '../sources/import/import-report.ts';
import type { SeriesReport } from '../sources/import/series-tally.ts';

/** Maximum number of series that the text report lists individually. */
const MAX_SERIES_SHOWN = 30;

/** The text report of an import. */
export function describe(
  path: string,
  target: string,
  { site, devices }: RunOutcome,
  report: ImportReport,
  isDry: boolean,
): string[] {
  const { rows, first, last, series, rejected, counted_by: unit } = report;
  const times = first === null || last === null ? 'nothing' : `${iso(first)} to ${iso(last)}`;
  const taken = `${report.accepted} values taken, ${report.already_there} already there, ${report.quarantined} quarantined, ${rejected} rejected`;
  const reasons = Object.entries(report.rejected_by).map(
    ([reason, { count, positions }]) =>
      `  ${reason}: ${count}${positions.length > 0 ? ` (${unit} ${positions.join(', ')}${count > positions.length ? ' …' : ''})` : ''}`,
  );
  const notes = [
    [report.ambiguous_times, 'times stand in an hour that autumn repeats'],
    [report.skipped_times, 'times stand in an hour that spring skips'],
    [report.outside_rows, 'rows are in other tables of the file'],
    [report.ignored, 'values have names that the mapping ignores'],
  ] as const;
  return [
    `${path}: ${rows} rows, ${times}`,
    isDry ? `Dry run: nothing was written; ${rejected} rejected.` : `${taken} (${target}).`,
    ...(site === null ? [] : [placesLine(site, devices, isDry)]),
    ...reasons,
    ...notes.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}.`),
    ...report.absent_columns.map((name) => `No record has the field "${name}".`),
    ...series.slice(0, MAX_SERIES_SHOWN).map(seriesLine),
    ...(series.length > MAX_SERIES_SHOWN
      ? [`  … and ${report.more_series ? 'more than ' : ''}${series.length - MAX_SERIES_SHOWN} more series`]
      : []),
    ...report.problems.map(({ position, detail }) => `  ${unit} ${position}: ${detail}`),
  ];
}

function placesLine(site: NonNullable<RunOutcome['site']>, devices: RunOutcome['devices'], isDry: boolean): string {
  const made = devices.filter(({ created }) => created).length;
  const verb = isDry ? 'would be made' : 'was made';
  return `Site "${site.name}" (${site.timezone}, ${site.currency})${site.created ? ` ${verb}` : ''}; ${devices.length} devices, ${made} of them new.`;
}

function seriesLine({ device, metric, values, interval_ms, duplicates, out_of_order, gaps }: SeriesReport): string {
  const parts = [
    `${values} values`,
    ...(interval_ms === null ? [] : [`every ${duration(interval_ms)}`]),
    ...(gaps.count === 0
      ? []
      : [`${gaps.count} gaps of ${duration(gaps.total_ms)} in all, the longest ${duration(gaps.longest_ms)}`]),
    ...(duplicates === 0 ? [] : [`${duplicates} duplicates`]),
    ...(out_of_order === 0 ? [] : [`${out_of_order} out of order`]),
  ];
  return `  ${device} ${metric}: ${parts.join(', ')}`;
}

/** `3 d 4 h`, `30 min`, `10 s`. */
function duration(ms: number): string {
  const [days, hours, minutes] = [
    Math.floor(ms / UTC_DAY_MS),
    Math.floor(ms / HOUR_MS) % 24,
    Math.floor(ms / MINUTE_MS) % 60,
  ];
  const parts = [
    [days, 'd'],
    [hours, 'h'],
    [minutes, 'min'],
  ] as const;
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return shown.length > 0 ? shown.slice(0, 2).join(' ') : `${ms / SECOND_MS} s`;
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
