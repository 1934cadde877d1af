/** Chart colours, by token name without dashes. */
export const TOKENS = [
  'ink',
  'ink-quiet',
  'line',
  'line-strong',
  'surface',
  'raised',
  'solar',
  'battery',
  'import',
  'export',
  'load',
  'vehicle',
  'warning',
  'critical',
  'price-1',
  'price-2',
  'price-3',
  'price-4',
  'price-5',
  'series-1',
  'series-2',
  'series-3',
  'series-4',
  'series-5',
  'series-6',
  'series-7',
  'series-8',
  'series-9',
  'series-10',
  'series-11',
  'series-12',
] as const;
export type Token = (typeof TOKENS)[number];
export type Palette = Readonly<Record<Token, string>>;

/**
 * The tokens as resolved by the active theme. A canvas cannot read `light-dark()`; the computed colour of an element can be read.
 */
export function readPalette(): Palette {
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const palette = Object.fromEntries(
    TOKENS.map((token) => {
      probe.style.color = `var(--${token})`;
      return [token, getComputedStyle(probe).color];
    }),
  );
  probe.remove();
  return palette as Palette;
}

/** Adds transparency to a resolved colour: `rgb(1, 2, 3)` → `rgb(1 2 3 / 0.2)`. */
export function translucent(colour: string, alpha: number): string {
  const channels =
    colour
      .match(/[\d.]+/g)
      ?.slice(0, 3)
      .join(' ') ?? '0 0 0';
  return `rgb(${channels} / ${alpha})`;
}
