import { expect, test } from 'vitest';
import { fuzzCsv } from './csv.ts';
import { fuzzLineProtocol } from './line-protocol.ts';

test('line protocol: bad lines never throw, are all counted, and leave the good ones beside them alone', () => {
  const { accepted, rejected } = fuzzLineProtocol(100_000, 20_260_615);
  // Most of both kinds, or the mutations are too mild or too wild to find anything.
  expect(accepted).toBeGreaterThan(200_000);
  expect(rejected).toBeGreaterThan(30_000);
}, 120_000);

test('CSV: bad rows never throw, are all counted, and leave the good ones beside them alone', async () => {
  const { accepted, rejected } = await fuzzCsv(20_000, 20_260_615);
  expect(accepted).toBeGreaterThan(400_000);
  expect(rejected).toBeGreaterThan(2_000);
}, 120_000);
