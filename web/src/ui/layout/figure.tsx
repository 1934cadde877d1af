import type { ReactNode } from 'react';
import type { Quantity } from '../format.ts';
import styles from './figure.module.css';

interface FigureProps {
  readonly quantity: Quantity | string;
  readonly size?: 'm' | 'l' | 'xl';
}

/** A number with its unit in small type. */
export function Figure({ quantity, size = 'm' }: FigureProps) {
  const { value, unit } = typeof quantity === 'string' ? { value: quantity, unit: '' } : quantity;
  return (
    <span className={`${styles.figure} ${styles[size]}`}>
      {value}
      {unit ? <span className={styles.unit}>{` ${unit}`}</span> : null}
    </span>
  );
}

interface StatProps {
  readonly label: ReactNode;
  readonly quantity: Quantity | string;
  readonly note?: ReactNode;
  readonly size?: 'm' | 'l' | 'xl';
}

/** Labelled numbers side by side. */
export function Stats({ children }: { readonly children: ReactNode }) {
  return <dl className={styles.stats}>{children}</dl>;
}

/** A labelled number with a note; belongs in `Stats`. */
export function Stat({ label, quantity, note, size = 'l' }: StatProps) {
  return (
    <div className={styles.stat}>
      <dt>{label}</dt>
      <dd>
        <Figure quantity={quantity} size={size} />
        {note ? <span className={styles.note}>{note}</span> : null}
      </dd>
    </div>
  );
}
