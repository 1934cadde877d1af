import type { Anomaly } from '@wattkeeper/contract/analytics/anomaly.ts';
import { useFormat, useText } from '../../app-context.tsx';
import { plain } from '../../ui/format.ts';
import { Table } from '../../ui/layout/table.tsx';
import styles from './anomalies.module.css';
import { useAnomalyWords } from './anomaly-words.ts';

interface AnomalyTableProps {
  readonly anomalies: readonly Anomaly[];
  readonly onOpen: (id: string) => void;
}

/** Anomalies, newest first. */
export function AnomalyTable({ anomalies, onOpen }: AnomalyTableProps) {
  const text = useText();
  const format = useFormat();
  const words = useAnomalyWords();
  const head = [
    text('anomalies.what'),
    text('anomalies.machine'),
    text('anomalies.when'),
    ...(['lasted', 'deviation', 'sure'] as const).map((key) => ({ label: text(`anomalies.${key}`), numeric: true })),
    text('anomalies.severity'),
    text('anomalies.state'),
  ];
  return (
    <Table caption={text('anomalies.list')} head={head} maxHeight="32rem">
      {anomalies.map((anomaly) => (
        <tr key={anomaly.id}>
          <th scope="row">
            <button type="button" className={styles.open} onClick={() => onOpen(anomaly.id)}>
              {words.type(anomaly)}
            </button>
            <div className={styles.quiet}>{words.metric(anomaly)}</div>
          </th>
          <td>{anomaly.machine_name}</td>
          <td data-nowrap>{format.dateTime(Date.parse(anomaly.start))}</td>
          <td data-numeric>{format.duration(Date.parse(anomaly.end) - Date.parse(anomaly.start))}</td>
          <td data-numeric>{words.deviation(anomaly)}</td>
          <td data-numeric>{plain(format.share(anomaly.confidence_score))}</td>
          <td>
            <SeverityMark anomaly={anomaly} />
          </td>
          <td>{text(anomaly.is_resolved ? 'anomalies.state_resolved' : 'anomalies.state_open')}</td>
        </tr>
      ))}
    </Table>
  );
}

/** The severity, as a word and a colour. */
export function SeverityMark({ anomaly: { severity } }: { readonly anomaly: Pick<Anomaly, 'severity'> }) {
  const text = useText();
  return (
    <span className={styles.severity} data-severity={severity}>
      {text(`anomalies.${severity}`)}
    </span>
  );
}
