import { useFormat } from '../app-context.tsx';
import { plain } from '../ui/format.ts';
import type { Frame } from './frame.ts';
import styles from './time-chart.module.css';
import type { Tip } from './tip.ts';
import type { ChartSeries } from './uplot-options.ts';

interface ChartTipProps {
  readonly tip: Tip;
  readonly frame: Frame;
  readonly series: readonly ChartSeries[];
  readonly width: number;
  readonly timeLabel?: ((at: number) => string) | undefined;
}

/** Time and values at the cursor. */
export function ChartTip({ tip, frame, series, width, timeLabel }: ChartTipProps) {
  const format = useFormat();
  const at = frame.times[tip.row];
  if (at === undefined) return null;
  const side = tip.left > width / 2 ? { right: width - tip.left + 12 } : { left: tip.left + 12 };
  return (
    <div className={styles.tip} style={side} aria-hidden="true">
      <p className={styles.tipTime}>{timeLabel ? timeLabel(at) : format.dateTime(at)}</p>
      <dl>
        {series.map((one, i) => {
          const row = tip.rows[i] ?? tip.row;
          const value = frame.columns[i]?.values[row];
          return (
            <div key={one.key}>
              <dt>
                <span
                  className={styles.swatch}
                  style={{ background: `var(--${one.colour})` }}
                  data-dashed={one.dashed || undefined}
                />
                {one.label}
              </dt>
              <dd>{plain(format.measured(value, one.unit))}</dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}
