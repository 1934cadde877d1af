import type { BaselineDeviation } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import { useFormat, useText } from '../../app-context.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './baseline.module.css';

/** Maximum of rows on the page, newest first; the export has all rows. */
const MAX_ROWS = 500;

/** The values of the charts. */
export function DeviationTable({ found }: { readonly found: BaselineDeviation }) {
  const text = useText();
  const format = useFormat();
  const rows = found.hourly_deviations.map((row, i) => ({ ...row, cusum: found.cusum[i]! }));
  const shown = rows.slice(-MAX_ROWS).reverse();
  const numeric = (label: string) => ({ label: `${label} (kWh)`, numeric: true });
  const head = [
    text('baseline.time'),
    numeric(text('baseline.actual')),
    numeric(text('baseline.predicted')),
    numeric(text('baseline.difference')),
    numeric('CUSUM'),
  ];
  return (
    <>
      <p className={styles.quiet}>
        {text('baseline.rows', { shown: format.number(shown.length), count: rows.length })}
      </p>
      <Table caption={text('baseline.table')} head={head} maxHeight="28rem">
        {shown.map(({ hour, actual_kwh, predicted_kwh, deviation_kwh, cusum }) => (
          <tr key={hour}>
            <th scope="row" data-nowrap>
              {found.resolution === 'hour' ? format.dateTime(Date.parse(hour)) : format.day(Date.parse(hour))}
            </th>
            {[actual_kwh, predicted_kwh, deviation_kwh, cusum].map((value, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a cell is identified by its column
              <td key={i} data-numeric>
                {format.number(value, 2)}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </>
  );
}
