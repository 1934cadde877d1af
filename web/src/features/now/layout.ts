/** The cards of Now in default order. */
export const CARDS = ['flow', 'curve', 'energy', 'money', 'independence', 'carbon'] as const;
export type Card = (typeof CARDS)[number];

/** Wide cards; on a wide screen they have a separate column. */
export const WIDE_CARDS: readonly Card[] = ['flow', 'curve'];

/** A user's layout: every card once, in order, and the hidden ones. */
export interface NowLayout {
  readonly order: readonly Card[];
  readonly hidden: readonly Card[];
}

/** The stored layout, completed: new cards are appended, removed ones dropped. */
export function readLayout(kept: unknown): NowLayout {
  const { order, hidden } = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>;
  const known = cardsIn(order);
  return { order: [...known, ...CARDS.filter((card) => !known.includes(card))], hidden: cardsIn(hidden) };
}

/** The layout with one card moved by one position; unchanged at either end. */
export function moveCard(layout: NowLayout, card: Card, by: -1 | 1): NowLayout {
  const from = layout.order.indexOf(card);
  const to = from + by;
  if (to < 0 || to >= layout.order.length) return layout;
  const order = layout.order.toSpliced(from, 1).toSpliced(to, 0, card);
  return { ...layout, order };
}

export function showCard(layout: NowLayout, card: Card, shown: boolean): NowLayout {
  const others = layout.hidden.filter((hidden) => hidden !== card);
  return { ...layout, hidden: shown ? others : [...others, card] };
}

function cardsIn(value: unknown): Card[] {
  return Array.isArray(value) ? [...new Set(value)].filter((card): card is Card => CARDS.includes(card)) : [];
}
