import type { ReactNode } from 'react';
import styles from './page.module.css';

interface PageHeadProps {
  readonly title: string;
  /** Beside the title, quiet. */
  readonly note?: ReactNode;
  readonly children?: ReactNode;
}

/** Title of a page with its tools at the right; also names the browser's tab. */
export function PageHead({ title, note, children }: PageHeadProps) {
  return (
    <header className={styles.head}>
      <title>{`${title} · Wattkeeper`}</title>
      <div className={styles.titles}>
        <h1>{title}</h1>
        {note}
      </div>
      {children ? <div className={styles.tools}>{children}</div> : null}
    </header>
  );
}

/** The space in which a page lays out its parts. */
export function PageBody({ children }: { readonly children: ReactNode }) {
  return <div className={styles.body}>{children}</div>;
}
