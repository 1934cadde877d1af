import styles from './sparkline.module.css';

/** A bar chart without axes that fills its container. */
export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const max = Math.max(...values, Number.MIN_VALUE);
  return (
    <svg
      className={styles.sparkline}
      viewBox={`0 0 ${values.length * 4} 40`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {values.map((value, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a bar is identified by its position
        <rect key={i} x={i * 4} width={3} y={40 - (38 * value) / max} height={(38 * value) / max + 1} />
      ))}
    </svg>
  );
}
