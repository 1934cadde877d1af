import type { Anomaly } from '@wattkeeper/contract/analytics/anomaly.ts';
import { type KeyboardEvent, useState } from 'react';
import { useFormat, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import styles from './anomalies.module.css';
import { useAnomalyWords } from './anomaly-words.ts';

interface AnomalyTimelineProps {
  readonly anomalies: readonly Anomaly[];
  readonly window: Window;
  readonly onOpen: (id: string) => void;
}

const TICKS = 5;

/** One line per device, with a bar per anomaly. */
export function AnomalyTimeline({ anomalies, window, onOpen }: AnomalyTimelineProps) {
  const format = useFormat();
  const lines = [...Map.groupBy(anomalies, ({ machine_id: id }) => id).values()].sort((a, b) =>
    a[0]!.machine_name.localeCompare(b[0]!.machine_name),
  );
  const ticks = Array.from({ length: TICKS }, (_, i) => window.start + (i * (window.end - window.start)) / (TICKS - 1));
  return (
    <div className={styles.timeline}>
      {lines.map((line) => (
        <TimelineLine key={line[0]!.machine_id} anomalies={line} window={window} onOpen={onOpen} />
      ))}
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

/** The anomalies of one device from left to right: one tab stop; the arrow keys move between bars. */
function TimelineLine({ anomalies, window, onOpen }: AnomalyTimelineProps) {
  const text = useText();
  const words = useAnomalyWords();
  const [reached, setReached] = useState<string | null>(null);
  const events = anomalies.toSorted((a, b) => Date.parse(a.start) - Date.parse(b.start));
  const name = events[0]!.machine_name;
  const stop = events.find(({ id }) => id === reached)?.id ?? events.at(-1)?.id;
  const percentOf = (at: number) =>
    (100 * (Math.min(Math.max(at, window.start), window.end) - window.start)) / (window.end - window.start);
  return (
    <div className={styles.line}>
      <span className={styles.device}>{name}</span>
      <div className={styles.track} role="toolbar" aria-label={name} onKeyDown={moveFocus}>
        {events.map((anomaly) => {
          const [start, end] = [percentOf(Date.parse(anomaly.start)), percentOf(Date.parse(anomaly.end))];
          const state = text(anomaly.is_resolved ? 'anomalies.state_resolved' : 'anomalies.state_open');
          const title = `${words.type(anomaly)}, ${words.span(anomaly)}, ${text(`anomalies.${anomaly.severity}`)}, ${state}`;
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
              tabIndex={anomaly.id === stop ? 0 : -1}
              onFocus={() => setReached(anomaly.id)}
              onClick={() => onOpen(anomaly.id)}
            />
          );
        })}
      </div>
    </div>
  );
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const bars = [...event.currentTarget.querySelectorAll('button')];
  const at = bars.indexOf(event.target as HTMLButtonElement);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  bars[Math.min(Math.max(to, 0), bars.length - 1)]?.focus();
}
