import styles from './sparkline.module.css';

/** Bars without axes, as large as their place: the shape of what came one after the other. */
export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const most = Math.max(...values, Number.MIN_VALUE);
  return (
    <svg
      className={styles.sparkline}
      viewBox={`0 0 ${values.length * 4} 40`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {values.map((value, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place in time
        <rect key={i} x={i * 4} width={3} y={40 - (38 * value) / most} height={(38 * value) / most + 1} />
      ))}
    </svg>
  );
}
