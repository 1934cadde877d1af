/**
 * Effect of attacks on other clients: the longest stall of the event loop as measured by the service, the slowest of the pings that are sent
 * every 10 ms, and the peak memory. Goals: no stall above 100 ms; ten gzip bombs take at most 100 MB together. Each attack has a
 * new service. Run: node bench/hostile-requests.ts [--mib 30] [--messages 5000] [--only WORDS]
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { attacks, run } from '../server/test/hostile/attacks.ts';
import { liveAttacks, report, runLiveAttack } from '../server/test/hostile/live-attacks.ts';
import { type Service, startService, temporaryFolder } from '../server/test/journeys/service.ts';

const PING_EVERY_MS = 10;
const WARM_UP_MS = 500;
/** A service above this memory is ended, to protect the machine. */
const MAX_RSS_MB = 2000;
const WATCH_EVERY_MS = 50;

const { values: options } = parseArgs({
  options: {
    mib: { type: 'string', default: '30' },
    messages: { type: 'string', default: '5000' },
    only: { type: 'string', default: '' },
  },
});

interface Attack {
  readonly name: string;
  /** Prepares the attack and returns it. */
  readonly prepare: (service: Service) => Promise<() => Promise<{ answers: string; right: boolean }>>;
}

const requests: Attack[] = attacks(Number(options.mib)).map((attack) => ({
  name: attack.name,
  prepare: async (service) => {
    const bytes = attack.body();
    return async () => {
      const statuses = await run(service, attack, bytes);
      const right = statuses.every((status) => attack.allowed.includes(Number(status)));
      return { answers: [...new Set(statuses)].join(' '), right };
    };
  },
}));

const clients: Attack[] = liveAttacks(Number(options.messages)).map((attack) => ({
  name: attack.name,
  prepare: async (service) => {
    await report(service, 0);
    return async () => ({ answers: `${await runLiveAttack(service, attack)} cut off or refused`, right: true });
  },
}));

/** Longest stall since the last call, as the service measures it. */
async function longestStallMs(service: Service): Promise<number> {
  const text = await (await service.request('/metrics')).text();
  const [, seconds = 'NaN'] = /^wattkeeper_nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text) ?? [];
  return Number(seconds) * 1000;
}

/** Memory in MB from the process's status: current and peak. */
function memoryMb(service: Service, key: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${service.pid}/status`, 'utf8');
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024;
}

/** Pings at a constant rate; returns the response times from the scheduled instants. */
async function ping(service: Service, until: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  const sent: Promise<void>[] = [];
  const began = performance.now();
  for (let i = 0; !until.aborted; i++) {
    const due = began + i * PING_EVERY_MS;
    await sleep(Math.max(due - performance.now(), 0));
    const answered = () => void times.push(performance.now() - due);
    sent.push(fetch(`${service.url}/ping`).then(answered, () => void times.push(Number.POSITIVE_INFINITY)));
  }
  await Promise.all(sent);
  return times;
}

/** Ends the service above the memory limit; returns whether it did. */
async function watchMemory(service: Service, until: AbortSignal): Promise<boolean> {
  for (; !until.aborted && service.outcome() === null; await sleep(WATCH_EVERY_MS)) {
    if (memoryMb(service, 'VmRSS') < MAX_RSS_MB) continue;
    await service.kill();
    return true;
  }
  return false;
}

async function measure(attack: Attack): Promise<Record<string, string | number>> {
  const folder = temporaryFolder();
  const service = await startService(folder.path);
  try {
    const act = await attack.prepare(service);
    await ping(service, AbortSignal.timeout(WARM_UP_MS));
    const before = memoryMb(service, 'VmRSS');
    await longestStallMs(service);
    const ended = new AbortController();
    const pinging = ping(service, ended.signal);
    const watching = watchMemory(service, ended.signal);
    const began = performance.now();
    const outcome = await act().catch((error: Error) => ({ answers: error.message, right: false }));
    const tookMs = performance.now() - began;
    ended.abort();
    const times = await pinging;
    if (await watching) {
      const answers = `ended at ${MAX_RSS_MB} MB`;
      return { attack: attack.name, answers, right: 'NO', 'took ms': Math.round(tookMs) };
    }
    return {
      attack: attack.name,
      answers: outcome.answers,
      right: outcome.right ? 'yes' : 'NO',
      'took ms': Math.round(tookMs),
      'longest stall ms': Math.round(await longestStallMs(service)),
      'slowest ping ms': Math.round(Math.max(...times)),
      'RSS before MB': Math.round(before),
      'most RSS MB': Math.round(memoryMb(service, 'VmHWM')),
    };
  } finally {
    await service.kill();
    folder.remove();
  }
}

const rows = [];
for (const attack of [...requests, ...clients]) {
  if (!attack.name.includes(options.only)) continue;
  rows.push(await measure(attack));
  console.log(JSON.stringify(rows.at(-1)));
}
console.table(rows);
console.log(`Attacker and service share ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
