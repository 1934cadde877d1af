import type { ReactNode } from 'react';
import styles from './table.module.css';

interface TableProps {
  /** Title of the table for screen readers. */
  readonly caption: string;
  readonly head: readonly (string | { readonly label: string; readonly numeric?: boolean })[];
  readonly children: ReactNode;
  /** Maximum height before the table scrolls. */
  readonly maxHeight?: string;
}

/** A table in a scroll container, so that a narrow page never scrolls horizontally. Cells with `data-numeric` are right-aligned. */
export function Table({ caption, head, children, maxHeight }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section className={styles.scroll} style={{ maxHeight }} tabIndex={0} aria-label={caption}>
      <table className={styles.table}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {head.map((cell) => {
              const { label, numeric = false } = typeof cell === 'string' ? { label: cell } : cell;
              return (
                <th key={label} scope="col" data-numeric={numeric || undefined}>
                  {label}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
