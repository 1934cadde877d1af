import { useFormat, useText } from '../../app-context.tsx';
import { type PriceRange, priceLevel } from '../../data/price-level.ts';
import styles from './price-scale.module.css';

/** What the colours of prices mean: from the cheapest to the most expensive kWh of the site's tariff. */
export function PriceScale({ range }: { readonly range: PriceRange }) {
  const text = useText();
  const format = useFormat();
  const { least, greatest } = range;
  const levels = least === greatest ? [priceLevel(least, range)] : [1, 2, 3, 4, 5];
  return (
    <p className={styles.scale}>
      <span>{text('price.import')}</span>
      {least === greatest ? null : <span>{format.price(least)}</span>}
      <span className={styles.steps} aria-hidden="true">
        {levels.map((level) => (
          <i key={level} style={{ background: `var(--price-${level})` }} />
        ))}
      </span>
      <span>{format.price(greatest)}</span>
    </p>
  );
}
