import type { MigrationReport } from '@wattkeeper/contract/storage/migration.ts';
import { useFormat, useText } from '../../app-context.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './system.module.css';

interface ReportProps {
  readonly report: MigrationReport;
}

/** Outcome per kind of record, and the unreadable records. */
export function MigrationReportView({ report }: ReportProps) {
  const text = useText();
  const format = useFormat();
  const places = [...report.missing_items, ...report.unreadable_items];
  return (
    <>
      <MigrationCounts report={report} />
      {report.notes.map((note) => (
        <p key={note} className={styles.quiet}>
          {note}
        </p>
      ))}
      {places.length > 0 ? (
        <Table
          caption={text('system.migration_unreadable')}
          head={[text('system.migration_where'), text('system.reason')]}
          maxHeight="12rem"
        >
          {places.map(({ where, reason }) => (
            <tr key={`${where} ${reason}`}>
              <th scope="row">{where}</th>
              <td>{reason}</td>
            </tr>
          ))}
        </Table>
      ) : null}
      {report.series.length > 0 ? (
        <Table
          caption={text('system.series')}
          head={[text('system.device'), text('system.metric'), { label: text('system.values'), numeric: true }]}
          maxHeight="14rem"
        >
          {report.series.map(({ device, metric, values }) => (
            <tr key={`${device} ${metric}`}>
              <th scope="row">{device}</th>
              <td>{metric}</td>
              <td data-numeric>{format.number(values)}</td>
            </tr>
          ))}
        </Table>
      ) : null}
    </>
  );
}

/** The counts of a migration, one per line. */
export function MigrationCounts({ report }: ReportProps) {
  const text = useText();
  const format = useFormat();
  const names = [
    'found',
    report.dry_run ? 'to_migrate' : 'migrated',
    'already_there',
    'unreadable',
    'missing',
  ] as const;
  return (
    <dl className={styles.counts}>
      {names.map((name) => (
        <div key={name}>
          <dt>{text(`system.migration_${name}`)}</dt>
          <dd className={name === 'missing' && report.missing > 0 ? styles.failed : undefined}>
            {format.number(report[name])}
          </dd>
        </div>
      ))}
    </dl>
  );
}
