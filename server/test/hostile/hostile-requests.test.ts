import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from '../journeys/service.ts';
import { attacks, run } from './attacks.ts';
import { memoryMb, ping } from './witness.ts';

/** Size of the largest bodies; `bench/hostile-requests.ts` sends larger ones and measures what others notice. */
const MIB = 4;
/** Maximum memory growth of the process over all attacks, including the readings that it stores. */
const MAX_GROWTH_MB = 400;

const folder = temporaryFolder();
let service: Service;

beforeAll(async () => {
  service = await startService(folder.path);
});

afterAll(async () => {
  await service.kill();
  folder.remove();
});

it('answers each hostile request with its expected status, answers other clients, and has bounded memory', async () => {
  const before = memoryMb(service, 'VmRSS');
  const ended = new AbortController();
  const pinging = ping(service, ended.signal);
  const wrong: unknown[] = [];
  for (const attack of attacks(MIB)) {
    const statuses = await run(service, attack, attack.body());
    if (!statuses.every((status) => attack.allowed.includes(Number(status)))) wrong.push([attack.name, statuses]);
  }
  ended.abort();
  expect(wrong).toEqual([]);
  expect(await pinging).toEqual(new Set([204]));
  expect(memoryMb(service, 'VmHWM') - before).toBeLessThan(MAX_GROWTH_MB);
  expect(await service.json('/health')).toMatchObject({ status: 'healthy' });
});
