import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from '../journeys/service.ts';
import { liveAttacks, report, runLiveAttack } from './live-attacks.ts';
import { memoryMb, ping } from './witness.ts';

/** Messages of each client; `bench/hostile-requests.ts` sends more and measures what others notice. */
const MESSAGES = 1_000;
/** Maximum memory growth of the process over all attacks, during which it stores readings. */
const MAX_GROWTH_MB = 250;

const folder = temporaryFolder();
let service: Service;

beforeAll(async () => {
  service = await startService(folder.path);
  await report(service, 0);
});

afterAll(async () => {
  await service.kill();
  folder.remove();
});

it('has bounded memory and answers other clients during attacks on the live stream', async () => {
  const before = memoryMb(service, 'VmRSS');
  const ended = new AbortController();
  const pinging = ping(service, ended.signal);
  for (const attack of liveAttacks(MESSAGES)) {
    await runLiveAttack(service, attack);
    expect(memoryMb(service, 'VmHWM') - before, attack.name).toBeLessThan(MAX_GROWTH_MB);
  }
  ended.abort();
  expect(await pinging).toEqual(new Set([204]));
  expect(await service.json('/health')).toMatchObject({ status: 'healthy' });
});
