/**
 * Latency from `POST /readings` to the message at the client's end of the WebSocket, on loopback, with readings at a constant rate and every client
 * subscribed to every device. Goals: 100 ms; with 100 clients and 1,000 readings/s 500 ms (p99). Run: `node bench/live-latency.ts`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService, TOKEN } from '../server/test/journeys/service.ts';

const SECONDS = 10;
const REQUESTS_PER_S = 20;

/** The value of a reading is its time of sending, in milliseconds since the start. */
async function run(clients: number, readingsPerS: number): Promise<{ p50: number; p99: number; messages: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-bench-'));
  const service = await startService(folder);
  try {
    const times: number[] = [];
    const sockets = await Promise.all(Array.from({ length: clients }, () => listen(service.url, times)));
    const perRequest = readingsPerS / REQUESTS_PER_S;
    const sending: Promise<unknown>[] = [];
    for (let i = 0; i < SECONDS * REQUESTS_PER_S; i++) {
      const timestamp = new Date().toISOString();
      const body = JSON.stringify(
        Array.from({ length: perRequest }, (_, d) => ({
          device_id: `device ${d}`,
          timestamp,
          values: { 'bench.sent_ms': performance.now() },
        })),
      );
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
      sending.push(fetch(`${service.url}/api/v1/readings`, { method: 'POST', headers, body }));
      await sleep(1000 / REQUESTS_PER_S);
    }
    await Promise.all(sending);
    await sleep(500);
    for (const socket of sockets) socket.close();
    times.sort((a, b) => a - b);
    const at = (share: number) => +times[Math.ceil(times.length * share) - 1]!.toFixed(1);
    return { p50: at(0.5), p99: at(0.99), messages: times.length };
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function listen(url: string, times: number[]): Promise<WebSocket> {
  const address = `${url.replace('http', 'ws')}/api/v1/stream`;
  const options = { headers: { authorization: `Bearer ${TOKEN}` } };
  const socket = new WebSocket(address, options as unknown as string[]);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.onmessage = ({ data }) => {
    const received = performance.now();
    const message = JSON.parse(String(data)) as { type: string; items: { values: Record<string, number> }[] };
    if (message.type !== 'readings') return;
    for (const { values } of message.items) times.push(received - values['bench.sent_ms']!);
  };
  socket.send(JSON.stringify({ type: 'subscribe', topics: ['readings:*'] }));
  return socket;
}

const table = [];
for (const [clients, readings] of [
  [1, 20],
  [1, 1000],
  [100, 1000],
] as const) {
  const { p50, p99, messages } = await run(clients, readings);
  table.push({ clients, 'readings/s': readings, 'p50 ms': p50, 'p99 ms': p99, 'values received': messages });
}
console.table(table);
console.log(`Clients and service share ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
