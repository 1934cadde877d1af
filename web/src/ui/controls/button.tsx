import type { LucideIcon } from 'lucide-react';
import type { ComponentProps } from 'react';
import styles from './button.module.css';

type Kind = 'primary' | 'plain' | 'quiet' | 'danger';

interface ButtonProps extends ComponentProps<'button'> {
  readonly kind?: Kind;
  readonly icon?: LucideIcon;
}

/** A button with a text, optionally led by an icon. */
export function Button({ kind = 'plain', icon: Icon, children, className, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} className={[styles.button, styles[kind], className].filter(Boolean).join(' ')}>
      {Icon ? <Icon size={16} aria-hidden="true" /> : null}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  /** Read by screen readers and shown on hover. */
  readonly label: string;
  readonly icon: LucideIcon;
}

/** A button with an icon only. */
export function IconButton({ label, icon: Icon, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      {...rest}
      className={[styles.button, styles.quiet, styles.icon, className].filter(Boolean).join(' ')}
    >
      <Icon size={18} aria-hidden="true" />
    </button>
  );
}

/** Class of a link styled as a button. */
export function buttonClass(kind: Kind): string {
  return `${styles.button} ${styles[kind]}`;
}
