import { describe, expect, it } from 'vitest';
import { CARDS, moveCard, readLayout, showCard } from './layout.ts';

describe('the layout of Now', () => {
  it('has every card once, whatever layout the server has stored', () => {
    expect(readLayout(null)).toEqual({ order: CARDS, hidden: [] });
    expect(readLayout('nonsense').order).toEqual(CARDS);
    const layout = readLayout({ order: ['curve', 'curve', 'gone', 'flow'], hidden: ['money', 7] });
    expect(layout.order).toEqual(['curve', 'flow', 'energy', 'money', 'independence', 'carbon']);
    expect(layout.hidden).toEqual(['money']);
  });

  it('moves and hides cards within the list', () => {
    const layout = readLayout(null);
    expect(moveCard(layout, 'curve', -1).order.slice(0, 2)).toEqual(['curve', 'flow']);
    expect(moveCard(layout, 'flow', -1)).toBe(layout);
    expect(moveCard(layout, 'carbon', 1)).toBe(layout);
    expect(showCard(showCard(layout, 'carbon', false), 'carbon', true).hidden).toEqual([]);
  });
});
