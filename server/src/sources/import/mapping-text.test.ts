import { expect, test } from 'vitest';
import { InvalidInput } from '../../domain/errors.ts';
import { errorList, MAX_LISTED_ERRORS_COUNT, MAX_YAML_CHARACTERS, mappingTree } from './mapping-text.ts';

test('a YAML mapping that exceeds the limit is rejected before parsing; a JSON mapping is not', () => {
  const tree = { device: 'House', list: Array.from({ length: 10_000 }, (_, i) => `column ${i}`) };
  const json = JSON.stringify(tree);
  expect(json.length).toBeGreaterThan(MAX_YAML_CHARACTERS);
  expect(mappingTree(json, 'm')).toEqual(tree);
  const yaml = 'k: 1 # ';
  expect(mappingTree(yaml.padEnd(MAX_YAML_CHARACTERS, 'x'), 'm')).toEqual({ k: 1 });
  expect(() => mappingTree(yaml.padEnd(MAX_YAML_CHARACTERS + 1, 'x'), 'the mapping m')).toThrow(
    `the mapping m is not JSON, and in YAML at most ${MAX_YAML_CHARACTERS} characters are allowed; got ${MAX_YAML_CHARACTERS + 1}`,
  );
});

test.each([
  [
    'aliases that multiply',
    `a: &a [${'x,'.repeat(9)}]\n${[...'bcdefghi'].map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]},`.repeat(9)}]\n`).join('')}`,
  ],
  ['deep lists', '['.repeat(MAX_YAML_CHARACTERS)],
  ['a key twice', 'a: 1\na: 2\n'],
  ['an unknown alias', 'a: *b'],
])('a mapping with %s is reported as an error of the mapping', (_, text) => {
  expect(() => mappingTree(text, 'the mapping m')).toThrow(InvalidInput);
});

test('of many errors the first are listed', () => {
  const lines = errorList(Array.from({ length: 1000 }, (_, i) => `error ${i}`)).split('\n');
  expect(lines[0]).toBe('1000 error(s):');
  expect(lines).toHaveLength(MAX_LISTED_ERRORS_COUNT + 2);
  expect(lines.at(-1)).toBe(`  and ${1000 - MAX_LISTED_ERRORS_COUNT} others`);
});
