/** Pages in the navigation bar of a phone; the others are in its menu. */
export const MAX_BAR_PAGES = 5;

export interface BarPages<T> {
  readonly bar: readonly T[];
  readonly more: readonly T[];
}

/** The first pages; the current one replaces the last of them if it is not included, so that it is always visible. */
export function barPages<T extends { readonly to: string }>(pages: readonly T[], pathname: string): BarPages<T> {
  // A menu with a single page would take as much space as the page.
  if (pages.length <= MAX_BAR_PAGES + 1) return { bar: pages, more: [] };
  const isCurrent = ({ to }: T) => pathname === to || pathname.startsWith(`${to}/`);
  const first = pages.slice(0, MAX_BAR_PAGES);
  const current = pages.slice(MAX_BAR_PAGES).find(isCurrent);
  const bar = current ? [...first.slice(0, -1), current] : first;
  return { bar, more: pages.filter((page) => !bar.includes(page)) };
}
