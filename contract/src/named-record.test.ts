import { expect, it } from 'vitest';
import { z } from 'zod';
import { byName } from './named-record.ts';

const NAMES = [...Object.getOwnPropertyNames(Object.prototype), 'prototype', 'then', 'length'];
const recordOf = (value: unknown) => Object.fromEntries(NAMES.map((name) => [name, value]));

it('keeps every name, also those that objects inherit, with the value parsed', () => {
  const schema = byName(z.object({ scale: z.number().default(1) }))
    .default({})
    .meta({ id: 'AnyName' });
  const parsed = schema.parse(recordOf({}));
  expect(new Map(Object.entries(parsed))).toEqual(new Map(NAMES.map((name) => [name, { scale: 1 }])));
  expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
});

it('names what is wrong by its key', () => {
  const { error } = byName(z.number()).safeParse(recordOf('text'));
  expect(error?.issues.map(({ path }) => path).toSorted()).toEqual(NAMES.map((name) => [name]).toSorted());
});

it('is documented as any other record', () => {
  const documented = z.toJSONSchema(byName(z.number(), z.string().max(9)));
  expect(documented).toEqual(z.toJSONSchema(z.record(z.string().max(9), z.number())));
});
