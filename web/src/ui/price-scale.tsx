import { useFormat, useText } from '../app-context.tsx';
import styles from './price-scale.module.css';

/** What the colours of prices mean: from the least to the greatest in view. */
export function PriceScale({ least, greatest }: { readonly least: number; readonly greatest: number }) {
  const text = useText();
  const format = useFormat();
  return (
    <p className={styles.scale}>
      <span>{text('price.import')}</span>
      <span>{format.price(least)}</span>
      <span className={styles.steps} aria-hidden="true">
        {[1, 2, 3, 4, 5].map((level) => (
          <i key={level} style={{ background: `var(--price-${level})` }} />
        ))}
      </span>
      <span>{format.price(greatest)}</span>
    </p>
  );
}
