import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const CSS = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const COLOURS = new Map(
  [...CSS.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [
    name!,
    [light!, dark!] as const,
  ]),
);

/** Foreground, background and the minimum contrast between them (WCAG 2.2, 1.4.3 and 1.4.11). */
const PAIRS = [
  ['selected-ink', 'selected', 4.5],
  ['selected', 'sunken', 4.5],
  ['accent-ink', 'accent', 4.5],
  ...['page', 'surface', 'raised', 'sunken'].flatMap((ground) => [
    ['ink', ground, 4.5] as const,
    ['ink-quiet', ground, 4.5] as const,
    ['focus', ground, 3] as const,
  ]),
  ['line-strong', 'surface', 3],
  ['accent', 'surface', 4.5],
] as const;

describe.each([
  ['light', 0],
  ['dark', 1],
] as const)('the %s theme', (_, theme) => {
  it.each(PAIRS)('%s on %s has a contrast of %d : 1 or more', (mark, ground, minRatio) => {
    const colourOf = (name: string) => COLOURS.get(name)![theme];
    expect(contrast(colourOf(mark), colourOf(ground))).toBeGreaterThanOrEqual(minRatio);
  });
});

/** WCAG 2.2, contrast ratio of two colours as #rrggbb. */
function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
