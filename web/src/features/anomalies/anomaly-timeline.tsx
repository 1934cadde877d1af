import type { Anomaly } from '@wattkeeper/contract/anomaly.ts';
import { useFormat } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import styles from './anomalies.module.css';
import { useAnomalyWords } from './anomaly-words.ts';

interface AnomalyTimelineProps {
  readonly anomalies: readonly Anomaly[];
  readonly window: Window;
  readonly onOpen: (id: string) => void;
}

const TICKS = 5;

/** One line for each device, with a bar for each event. */
export function AnomalyTimeline({ anomalies, window, onOpen }: AnomalyTimelineProps) {
  const format = useFormat();
  const words = useAnomalyWords();
  const lines = [...Map.groupBy(anomalies, ({ machine_id: id }) => id).values()].sort((a, b) =>
    (a[0] as Anomaly).machine_name.localeCompare((b[0] as Anomaly).machine_name),
  );
  const percentOf = (at: number) =>
    (100 * (Math.min(Math.max(at, window.start), window.end) - window.start)) / (window.end - window.start);
  const ticks = Array.from({ length: TICKS }, (_, i) => window.start + (i * (window.end - window.start)) / (TICKS - 1));
  return (
    <div className={styles.timeline}>
      {lines.map((line) => {
        const { machine_id: id, machine_name: name } = line[0] as Anomaly;
        return (
          <div key={id} className={styles.line}>
            <span className={styles.device}>{name}</span>
            <div className={styles.track}>
              {line.map((anomaly) => {
                const [start, end] = [percentOf(Date.parse(anomaly.start)), percentOf(Date.parse(anomaly.end))];
                const title = `${words.type(anomaly)}, ${words.span(anomaly)}`;
                return (
                  <button
                    key={anomaly.id}
                    type="button"
                    className={styles.bar}
                    data-severity={anomaly.severity}
                    data-resolved={anomaly.is_resolved || undefined}
                    style={{ left: `${start}%`, width: `${end - start}%` }}
                    title={title}
                    aria-label={`${name}: ${title}`}
                    onClick={() => onOpen(anomaly.id)}
                  />
                );
              })}
            </div>
          </div>
        );
      })}
      <div className={styles.line} aria-hidden="true">
        <span />
        <div className={styles.ticks}>
          {ticks.map((at) => (
            <span key={at}>{format.date(at, { day: 'numeric', month: 'short' })}</span>
          ))}
        </div>
      </div>
    </div>
  );
}
