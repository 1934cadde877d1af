import { useFormat, useText } from '../../app-context.tsx';
import { type PriceRange, priceLevel } from '../../data/price-level.ts';
import styles from './price-scale.module.css';

/** Legend of the price colours, from the lowest to the highest price of the site's tariff. */
export function PriceScale({ range }: { readonly range: PriceRange }) {
  const text = useText();
  const format = useFormat();
  const { min, max } = range;
  const levels = min === max ? [priceLevel(min, range)] : [1, 2, 3, 4, 5];
  return (
    <p className={styles.scale}>
      <span>{text('price.import')}</span>
      {min === max ? null : <span>{format.price(min)}</span>}
      <span className={styles.steps} aria-hidden="true">
        {levels.map((level) => (
          <i key={level} style={{ background: `var(--price-${level})` }} />
        ))}
      </span>
      <span>{format.price(max)}</span>
    </p>
  );
}
