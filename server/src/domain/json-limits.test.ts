import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exceededLimit, type JsonLimits } from './json-limits.ts';

function sizeOf(value: unknown): JsonLimits {
  if (typeof value !== 'object' || value === null) return { depth: 0, brackets: 0, commas: 0 };
  const parts = Object.values(value).map(sizeOf);
  const sum = (name: keyof JsonLimits) => parts.reduce((total, part) => total + part[name], 0);
  return {
    depth: 1 + Math.max(0, ...parts.map(({ depth }) => depth)),
    brackets: 1 + sum('brackets'),
    commas: Math.max(0, parts.length - 1) + sum('commas'),
  };
}

it('depth, brackets and commas are counted outside strings only', () => {
  const text = fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', 'a') });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 6 }, text, fc.double(), fc.array(tie('value')), fc.dictionary(text, tie('value'))),
  }));
  fc.assert(
    fc.property(value, (one) => {
      const size = sizeOf(one);
      expect(exceededLimit(JSON.stringify(one), size)).toBeNull();
      for (const name of ['depth', 'brackets', 'commas'] as const) {
        const lower = { ...size, [name]: size[name] - 1 };
        if (size[name] > 0) expect(exceededLimit(JSON.stringify(one), lower)).toBe(name);
      }
    }),
  );
});

it('invalid JSON is checked as well', () => {
  const limits = { depth: 9, brackets: 100, commas: 100 };
  expect(exceededLimit('['.repeat(10), limits)).toBe('depth');
  expect(exceededLimit('[]'.repeat(101), limits)).toBe('brackets');
  expect(exceededLimit(','.repeat(101), limits)).toBe('commas');
  expect(exceededLimit(`"${'[,'.repeat(1000)}`, limits)).toBeNull();
  expect(exceededLimit('', { depth: 0, brackets: 0, commas: 0 })).toBeNull();
});
