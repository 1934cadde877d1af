import { Switch } from 'radix-ui';
import styles from './toggle.module.css';

interface ToggleProps {
  readonly label: string;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** An on/off switch; its label is for screen readers only. */
export function Toggle({ label, checked, disabled = false, onChange }: ToggleProps) {
  return (
    <Switch.Root
      className={styles.track}
      aria-label={label}
      checked={checked}
      disabled={disabled}
      onCheckedChange={onChange}
    >
      <Switch.Thumb className={styles.thumb} />
    </Switch.Root>
  );
}
