import { Link } from '@tanstack/react-router';
import type { ImportReport, ImportResult } from '@wattkeeper/contract/import.ts';
import { useFormat, useText } from '../../app-context.tsx';
import { dayOf } from '../../data/period.ts';
import { Button, buttonClass } from '../../ui/controls/button.tsx';
import { WarningLine } from '../../ui/feedback/notice.tsx';
import { MAX_SERIES, type SeriesRef, writeHistoryView } from '../history/history-search.ts';
import styles from './import.module.css';

interface ResultProps {
  readonly result: ImportResult;
  /** Imports an already imported file again. */
  readonly onForce: () => void;
}

/** The outcome of a run, with links to the new data after an import. */
export function Result({ result, onForce }: ResultProps) {
  const text = useText();
  const format = useFormat();
  const { site, range, report, dry_run: isDry } = result;
  if (result.already_imported) {
    return (
      <div role="status" className={styles.result}>
        <p>{text('import.already')}</p>
        <Button onClick={onForce}>{text('import.force')}</Button>
      </div>
    );
  }
  const at = (instant: string) => format.dateTime(Date.parse(instant));
  return (
    <div role="status" className={styles.result}>
      <p className={styles.name}>
        {isDry ? text('import.dry_done') : text('import.done', { site: site?.name ?? '–' })}
      </p>
      {range ? <p>{text('import.from_to', { start: at(range.start), end: at(range.end) })}</p> : null}
      {report ? <Counts report={report} isDry={isDry} /> : null}
      {!isDry && site?.id && range ? <Ways result={result} siteId={site.id} range={range} /> : null}
    </div>
  );
}

function Counts({ report, isDry }: { readonly report: ImportReport; readonly isDry: boolean }) {
  const text = useText();
  const readable = report.series.reduce((sum, { values }) => sum + values, 0);
  const counts = [
    text('import.rows', { count: report.rows }),
    isDry ? text('import.readable', { count: readable }) : text('import.accepted', { count: report.accepted }),
    ...(
      [
        ['import.present', report.already_there],
        ['import.quarantined', report.quarantined],
        ['import.ambiguous', report.ambiguous_times],
        ['import.skipped', report.skipped_times],
      ] as const
    ).flatMap(([key, count]) => (count > 0 ? [text(key, { count })] : [])),
  ];
  return (
    <>
      <ul className={styles.counts}>
        {counts.map((count) => (
          <li key={count}>{count}</li>
        ))}
      </ul>
      {report.rejected > 0 ? <WarningLine>{text('import.rejected', { count: report.rejected })}</WarningLine> : null}
      {report.problems.length > 0 ? (
        <ul className={styles.problems}>
          {report.problems.map(({ position, detail }) => (
            <li key={`${position} ${detail}`}>{text('import.line', { position: String(position), detail })}</li>
          ))}
        </ul>
      ) : null}
    </>
  );
}

interface WaysProps {
  readonly result: ImportResult;
  readonly siteId: string;
  readonly range: { readonly start: string; readonly end: string };
}

/** Links to the imported series over their window, and to the energy of their last month. */
function Ways({ result, siteId, range }: WaysProps) {
  const text = useText();
  const idOf = new Map(result.devices.map(({ name, id }) => [name, id]));
  const series = (result.report?.series ?? []).flatMap(({ device, metric }): SeriesRef[] => {
    const deviceId = idOf.get(device);
    return deviceId ? [{ deviceId, metric }] : [];
  });
  const window = { start: Date.parse(range.start), end: Date.parse(range.end) };
  const view = {
    ...{ compare: null, prices: true, sessions: false, anomalies: true, table: false },
    series: series.slice(0, MAX_SERIES),
    range: window,
  };
  return (
    <p className={styles.actions}>
      <Link to="/history" search={{ ...writeHistoryView(view), site: siteId }} className={buttonClass('primary')}>
        {text('import.show')}
      </Link>
      <Link
        to="/energy"
        search={{ unit: 'month', day: dayOf(window.end - 1, result.site?.timezone ?? 'UTC'), site: siteId }}
        className={buttonClass('plain')}
      >
        {text('import.show_energy')}
      </Link>
    </p>
  );
}
