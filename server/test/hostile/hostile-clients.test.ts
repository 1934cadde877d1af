import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from '../journeys/service.ts';
import { liveAttacks, report, runLiveAttack } from './live-attacks.ts';

/** Messages of each client; `bench/hostile-requests.ts` sends more and measures what others notice. */
const MESSAGES = 1_000;
const PING_EVERY_MS = 10;
/** What all attacks together may add to the memory of the process, which takes and stores readings meanwhile. */
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

function memoryMb(key: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${service.pid}/status`, 'utf8');
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024;
}

/** Asks for an answer every 10 ms; answers the statuses. */
async function ping(until: AbortSignal): Promise<Set<number>> {
  const statuses = new Set<number>();
  while (!until.aborted) {
    statuses.add((await fetch(`${service.url}/ping`)).status);
    await sleep(PING_EVERY_MS);
  }
  return statuses;
}

it('keeps its memory and answers everybody else, whatever clients of the live stream send and do not read', async () => {
  const before = memoryMb('VmRSS');
  const ended = new AbortController();
  const pinging = ping(ended.signal);
  for (const attack of liveAttacks(MESSAGES)) {
    await runLiveAttack(service, attack);
    expect(memoryMb('VmHWM') - before, attack.name).toBeLessThan(MAX_GROWTH_MB);
  }
  ended.abort();
  expect(await pinging).toEqual(new Set([204]));
  expect(await service.json('/health')).toMatchObject({ status: 'healthy' });
});
