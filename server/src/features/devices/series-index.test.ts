import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SeriesIndex } from './series-index.ts';

const name = fc.constantFrom('a', 'b', 'c', 'constructor', '__proto__');
const series = fc.tuple(name, name, name);
const limits = fc.record({
  series: fc.integer({ min: 1, max: 20 }),
  seriesPerDevice: fc.integer({ min: 1, max: 8 }),
  groups: fc.integer({ min: 1, max: 5 }),
  metricsPerGroup: fc.integer({ min: 1, max: 5 }),
});

type Limits = ConstructorParameters<typeof SeriesIndex>[0];

it('accepts known series regardless of the limits, and no more new ones than they allow', () => {
  const property = fc.property(limits, fc.array(series), fc.array(series), (allowed, loaded, offered) => {
    const index = new SeriesIndex(allowed);
    for (const one of loaded) index.add(...one);
    const before = countsOf(loaded);
    const taken = [...loaded];
    for (const one of offered) {
      if (index.has(...one)) continue;
      const refusal = index.refusal(...one);
      expect(refusal?.detail ?? 'taken').toMatch(/^taken$|limits\.\w+ allows \d+: this one is new$/);
      expect(refusal === null).toBe(fits([...taken, one], one, allowed));
      if (refusal !== null) continue;
      index.add(...one);
      taken.push(one);
    }
    for (const one of taken) expect(index.has(...one)).toBe(true);
    const held = countsOf(taken);
    expect(index.total).toBe(held.series);
    for (const key of Object.keys(held) as (keyof typeof held)[])
      expect(held[key]).toBeLessThanOrEqual(Math.max(allowed[key], before[key]));
  });
  fc.assert(property);
});

type Series = [device: string, group: string, quantity: string];

/** Whether a series is within the limits; a known group or metric does not count again. */
function fits(all: readonly Series[], [device, group, quantity]: Series, allowed: Limits): boolean {
  const others = all.slice(0, -1);
  const isKnownGroup = others.some((one) => one[1] === group);
  const isKnownMetric = others.some((one) => one[1] === group && one[2] === quantity);
  return (
    distinct(all.map(String)) <= allowed.series &&
    distinct(all.filter((one) => one[0] === device).map(String)) <= allowed.seriesPerDevice &&
    (isKnownGroup || distinct(all.map((one) => one[1])) <= allowed.groups) &&
    (isKnownMetric || distinct(all.filter((one) => one[1] === group).map((one) => one[2])) <= allowed.metricsPerGroup)
  );
}

function countsOf(all: readonly Series[]): Limits {
  const maxOf = (lists: Iterable<readonly Series[]>, of: (one: Series) => string) =>
    Math.max(0, ...Array.from(lists, (list) => distinct(list.map(of))));
  return {
    series: distinct(all.map(String)),
    seriesPerDevice: maxOf(Map.groupBy(all, (one) => one[0]).values(), String),
    groups: distinct(all.map((one) => one[1])),
    metricsPerGroup: maxOf(Map.groupBy(all, (one) => one[1]).values(), (one) => one[2]),
  };
}

function distinct(texts: readonly string[]): number {
  return new Set(texts).size;
}
