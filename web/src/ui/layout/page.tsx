import type { ReactNode } from 'react';
import styles from './page.module.css';

interface PageHeadProps {
  readonly title: string;
  /** A note next to the title. */
  readonly note?: ReactNode;
  readonly children?: ReactNode;
}

/** Title of a page with tools on the right; also sets the title of the browser tab. */
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

/** The layout container of a page. */
export function PageBody({ children }: { readonly children: ReactNode }) {
  return <div className={styles.body}>{children}</div>;
}
