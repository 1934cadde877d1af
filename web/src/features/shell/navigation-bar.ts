/** Pages in the bar of a phone; the others are in its menu. */
export const MAX_BAR_PAGES = 5;

export interface BarPages<T> {
  readonly bar: readonly T[];
  readonly more: readonly T[];
}

/** The first pages, and the current one in place of the last of them where it is not among them: it is always in sight. */
export function barPages<T extends { readonly to: string }>(pages: readonly T[], pathname: string): BarPages<T> {
  // A menu of one page takes the place of that page.
  if (pages.length <= MAX_BAR_PAGES + 1) return { bar: pages, more: [] };
  const isCurrent = ({ to }: T) => pathname === to || pathname.startsWith(`${to}/`);
  const first = pages.slice(0, MAX_BAR_PAGES);
  const current = pages.slice(MAX_BAR_PAGES).find(isCurrent);
  const bar = current ? [...first.slice(0, -1), current] : first;
  return { bar, more: pages.filter((page) => !bar.includes(page)) };
}
