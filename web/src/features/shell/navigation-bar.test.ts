import { describe, expect, it } from 'vitest';
import { barPages } from './navigation-bar.ts';

const pagesOf = (count: number) => Array.from({ length: count }, (_, i) => ({ to: `/page-${i}` }));

describe('the navigation bar of a phone', () => {
  it('has five pages including the current one; the menu has all others', () => {
    const pages = pagesOf(8);
    for (const page of pages) {
      for (const path of [page.to, `${page.to}/detail`]) {
        const { bar, more } = barPages(pages, path);
        expect(bar).toContain(page);
        expect(bar).toHaveLength(5);
        expect(new Set([...bar, ...more])).toEqual(new Set(pages));
      }
    }
  });

  it('has no menu if all pages fit', () => {
    expect(barPages(pagesOf(6), '/page-5').more).toEqual([]);
  });
});
