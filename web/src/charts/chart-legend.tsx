import styles from './chart-legend.module.css';
import type { ChartSeries } from './uplot-options.ts';

/** What the lines of a chart are. */
export function ChartLegend({ series }: { readonly series: readonly Pick<ChartSeries, 'key' | 'label' | 'colour'>[] }) {
  return (
    <ul className={styles.legend}>
      {series.map(({ key, label, colour }) => (
        <li key={key}>
          <span className={styles.swatch} style={{ background: `var(--${colour})` }} aria-hidden="true" />
          {label}
        </li>
      ))}
    </ul>
  );
}
