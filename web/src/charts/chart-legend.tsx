import styles from './chart-legend.module.css';
import type { ChartSeries } from './uplot-options.ts';

/** The legend of a chart. */
export function ChartLegend({
  series,
}: {
  readonly series: readonly Pick<ChartSeries, 'key' | 'label' | 'colour' | 'dashed'>[];
}) {
  return (
    <ul className={styles.legend}>
      {series.map(({ key, label, colour, dashed }) => (
        <li key={key}>
          <span
            className={styles.swatch}
            style={{ background: `var(--${colour})` }}
            data-dashed={dashed || undefined}
            aria-hidden="true"
          />
          {label}
        </li>
      ))}
    </ul>
  );
}
