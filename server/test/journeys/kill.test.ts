import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

/** Number of kills of the service; the guarantee is stated for 100. */
const KILLS = 100;
const START = Date.UTC(2026, 0, 1);
const READINGS_PER_POST = 20;
const POSTERS = 3;

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** Posts until the service dies; adds the number of every acknowledged reading to `acknowledged`. */
async function postUntilDeath(service: Service, next: () => number, acknowledged: Set<number>): Promise<void> {
  for (;;) {
    const first = next();
    const readings = Array.from({ length: READINGS_PER_POST }, (_, i) => ({
      device_id: 'meter',
      timestamp: new Date(START + (first + i) * 1000).toISOString(),
      values: { 'load.power_kw': (first + i) / 1000, 'load.energy_kwh': first + i },
    }));
    try {
      const response = await postReadings(service, readings);
      if (response.status !== 202) throw new Error(`answered ${response.status}: ${await response.text()}`);
      const answer = (await response.json()) as { accepted: number; durable: boolean };
      if (answer.accepted !== 2 * READINGS_PER_POST || !answer.durable) throw new Error(JSON.stringify(answer));
    } catch (error) {
      // The connection breaks when the service is killed; any other error is a failure.
      if (error instanceof TypeError) return;
      throw error;
    }
    for (let i = 0; i < READINGS_PER_POST; i++) acknowledged.add(first + i);
  }
}

interface Answer {
  series: { metric: string; timestamps: string[]; value: number[]; count?: number[] }[];
}

/** Every acknowledged reading from number `from` on is stored once, with its value. */
async function expectAll(service: Service, acknowledged: ReadonlySet<number>, from: number): Promise<void> {
  const window = `start=${new Date(START + from * 1000).toISOString()}&end=2026-02-01T00:00:00Z`;
  const raw = await service.json<Answer>(`/api/v1/telemetry?device_id=meter&bucket=raw&${window}`);
  const counted = await service.json<Answer>(`/api/v1/telemetry?device_id=meter&bucket=1d&aggregate=count&${window}`);
  for (const { metric, timestamps, value } of raw.series) {
    const found = new Map(timestamps.map((time, i) => [(Date.parse(time) - START) / 1000, value[i]]));
    expect(found.size).toBe(timestamps.length);
    const missing = [...acknowledged].filter(
      (n) => n >= from && found.get(n) !== (metric === 'load.power_kw' ? n / 1000 : n),
    );
    expect(missing).toEqual([]);
    if (from > 0) continue;
    const total = counted.series
      .find((series) => series.metric === metric)
      ?.count?.reduce((sum, count) => sum + count, 0);
    expect(total).toBe(timestamps.length);
  }
}

test(
  `after ${KILLS} kills in the middle of ingest, no acknowledged reading is missing or duplicated`,
  async () => {
    const acknowledged = new Set<number>();
    let last = 0;
    const next = () => {
      last += READINGS_PER_POST;
      return last - READINGS_PER_POST;
    };
    for (let kill = 0; kill < KILLS; kill++) {
      const service = await startService(folder.path, { WATTKEEPER_INGEST__STORE_PAUSE_MS: String((kill * 37) % 200) });
      const before = last;
      const posting = Array.from({ length: POSTERS }, () => postUntilDeath(service, next, acknowledged));
      await delay(20 + ((kill * 61) % 240));
      await service.kill();
      await Promise.all(posting);
      if (kill % 10 !== 9) continue;
      const restarted = await startService(folder.path);
      await expectAll(restarted, acknowledged, kill % 50 === 49 ? 0 : Math.max(before - 2000, 0));
      await restarted.kill();
    }
    const service = await startService(folder.path);
    await expectAll(service, acknowledged, 0);
    expect(acknowledged.size).toBeGreaterThan(KILLS * READINGS_PER_POST);
    expect(await service.stop()).toBe(0);
  },
  15 * 60_000,
);
