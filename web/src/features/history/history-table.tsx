import { useFormat, useText } from '../../app-context.tsx';
import { plain } from '../../ui/format.ts';
import { Table } from '../../ui/layout/table.tsx';
import { useBucketLabel } from './bucket-label.ts';
import styles from './history.module.css';
import type { HistoryPanel } from './history-panels.ts';

/** Maximum of rows on the page, newest first; the export has all rows. */
const MAX_ROWS = 500;

/** The values of the charts. */
export function HistoryTable({
  panels,
  bucketWidthMs,
}: {
  readonly panels: readonly HistoryPanel[];
  readonly bucketWidthMs: number;
}) {
  const text = useText();
  const format = useFormat();
  const timeLabel = useBucketLabel(bucketWidthMs);
  return panels.map((panel) => {
    const { times, columns } = panel.frame;
    const rows = times
      .map((time, row) => ({ time, cells: columns.map(({ values }) => values[row]) }))
      .filter(({ cells }) => cells.some((cell) => cell !== undefined && cell !== null))
      .slice(-MAX_ROWS)
      .reverse();
    return (
      <div key={panel.series.map(({ key }) => key).join()} className={styles.tableBlock}>
        <p className={styles.quiet}>
          {text('history.rows', { shown: format.number(rows.length), count: times.length })}
        </p>
        <Table
          caption={text('history.table')}
          maxHeight="28rem"
          head={[
            text('history.time'),
            ...panel.series.map(({ label, unit }) => ({ label: `${label} (${format.unit(unit)})`, numeric: true })),
          ]}
        >
          {rows.map(({ time, cells }) => (
            <tr key={time}>
              <th scope="row" data-nowrap>
                {timeLabel(time)}
              </th>
              {panel.series.map(({ key, unit }, i) => (
                <td key={key} data-numeric>
                  {plain({ ...format.measured(cells[i], unit), unit: '' })}
                </td>
              ))}
            </tr>
          ))}
        </Table>
      </div>
    );
  });
}
