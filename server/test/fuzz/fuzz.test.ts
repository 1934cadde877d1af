import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startDemo, TOKEN } from '../journeys/service.ts';
import { fuzzApi } from './api.ts';
import { fuzzCsv } from './csv.ts';
import { fuzzLineProtocol } from './line-protocol.ts';

test('line protocol: bad lines never throw, are all counted, and do not affect valid lines', () => {
  const { accepted, rejected } = fuzzLineProtocol(100_000, 20_260_615);
  // Most of both kinds, or the mutations are too mild or too wild to find anything.
  expect(accepted).toBeGreaterThan(200_000);
  expect(rejected).toBeGreaterThan(30_000);
});

test('CSV: bad rows never throw, are all counted, and do not affect valid rows', async () => {
  const { accepted, rejected } = await fuzzCsv(20_000, 20_260_615);
  expect(accepted).toBeGreaterThan(400_000);
  expect(rejected).toBeGreaterThan(2_000);
});

test('the API: no random request causes a server error or an undocumented response', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const service = await startDemo(folder, 'factory', 20);
  onTestFinished(() => service.kill());
  const statuses = await fuzzApi({ url: service.url, token: TOKEN }, 2000, 20_260_615);
  expect(await service.stop()).toBe(0);
  // Enough accepted and enough rejected requests.
  expect(statuses.get(200)).toBeGreaterThan(300);
  expect(statuses.get(422)).toBeGreaterThan(200);
});
