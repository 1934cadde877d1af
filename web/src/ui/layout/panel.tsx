import { type ReactNode, useId } from 'react';
import styles from './panel.module.css';

interface PanelProps {
  readonly title: string;
  /** One quiet line under the title. */
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string | undefined;
  /** Keeps the title for screen readers only. */
  readonly titleHidden?: boolean;
}

/** A titled surface: the only box of the app, never inside another. */
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
