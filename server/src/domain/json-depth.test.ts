import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isNestedDeeper } from './json-depth.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

it('nesting is measured as it is parsed, whatever texts contain', () => {
  const text = fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', 'a') });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 6 }, text, fc.double(), fc.array(tie('value')), fc.dictionary(text, tie('value'))),
  }));
  fc.assert(
    fc.property(value, (one) => {
      const depth = depthOf(one);
      expect(isNestedDeeper(JSON.stringify(one), depth)).toBe(false);
      if (depth > 0) expect(isNestedDeeper(JSON.stringify(one), depth - 1)).toBe(true);
    }),
  );
});

it('text that is not JSON is measured as well', () => {
  expect(isNestedDeeper('['.repeat(10), 9)).toBe(true);
  expect(isNestedDeeper(`{"a":`.repeat(10), 9)).toBe(true);
  expect(isNestedDeeper('"[[[[', 1)).toBe(false);
  expect(isNestedDeeper('', 0)).toBe(false);
});
