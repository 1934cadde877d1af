import { Progress } from 'radix-ui';
import styles from './progress.module.css';

interface ProgressBarProps {
  readonly label: string;
  /** 0 to 1; null while unknown. */
  readonly share: number | null;
}

/** A progress bar; indeterminate without a share. */
export function ProgressBar({ label, share }: ProgressBarProps) {
  const percent = share === null ? null : Math.round(share * 100);
  return (
    <Progress.Root className={styles.track} value={percent} aria-label={label}>
      <Progress.Indicator
        className={percent === null ? styles.unknown : styles.bar}
        style={{ width: `${percent ?? 30}%` }}
      />
    </Progress.Root>
  );
}
