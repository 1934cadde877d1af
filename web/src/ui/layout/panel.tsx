import { type ReactNode, useId } from 'react';
import styles from './panel.module.css';

interface PanelProps {
  readonly title: string;
  /** One line of description under the title. */
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string | undefined;
  /** Shows the title to screen readers only. */
  readonly titleHidden?: boolean;
}

/** A titled surface: the app's only box, never nested. */
export function Panel({ title, note, actions, children, className, titleHidden = false }: PanelProps) {
  const id = useId();
  return (
    <section className={[styles.panel, className].filter(Boolean).join(' ')} aria-labelledby={id}>
      <div className={titleHidden && !actions ? 'visually-hidden' : styles.head}>
        <div>
          <h2 id={id} className={titleHidden ? 'visually-hidden' : undefined}>
            {title}
          </h2>
          {note ? <p className={styles.note}>{note}</p> : null}
        </div>
        {actions ? <div className={styles.actions}>{actions}</div> : null}
      </div>
      {children}
    </section>
  );
}
