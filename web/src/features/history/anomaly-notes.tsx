import { Link } from '@tanstack/react-router';
import type { Anomaly } from '@wattkeeper/contract/analytics/anomaly.ts';
import { useText } from '../../app-context.tsx';
import { SeverityMark } from '../anomalies/anomaly-table.tsx';
import { useAnomalyWords } from '../anomalies/anomaly-words.ts';
import styles from './history.module.css';

/** Maximum listed under the charts; the Anomalies page lists all. */
const MAX_ANOMALIES_LISTED = 6;

/** Legend of the anomalies that the charts mark, newest first. */
export function AnomalyNotes({ anomalies }: { readonly anomalies: readonly Anomaly[] }) {
  const text = useText();
  const words = useAnomalyWords();
  if (anomalies.length === 0) return null;
  const more = anomalies.length - MAX_ANOMALIES_LISTED;
  return (
    <section className={styles.anomalies} aria-label={text('history.anomalies')}>
      <ul>
        {anomalies.slice(0, MAX_ANOMALIES_LISTED).map((anomaly) => (
          <li key={anomaly.id}>
            <SeverityMark anomaly={anomaly} />{' '}
            <Link to="/anomalies" search={{ event: anomaly.id }}>
              {text('anomalies.event', { type: words.type(anomaly), machine: anomaly.machine_name })}
            </Link>{' '}
            {words.span(anomaly)}
          </li>
        ))}
      </ul>
      {more > 0 ? <Link to="/anomalies">{text('history.anomalies_more', { count: more })}</Link> : null}
    </section>
  );
}
