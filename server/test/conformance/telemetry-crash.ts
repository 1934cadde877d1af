import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { StoreInput } from '../../src/storage/open-store.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { framesOf } from './telemetry-blocks.ts';
import type { World } from './telemetry-store.ts';
import { DEVICES, ROWS_PER_WRITE, START, STEP_MS } from './telemetry-writer-plan.ts';

const KILLS = 30;
const WRITER = fileURLToPath(new URL('./telemetry-writer.ts', import.meta.url));

export function crashPromises(world: World, inChild: () => StoreInput | undefined): void {
  it(`loses and duplicates nothing when its process is killed ${KILLS} times while it writes and compacts`, async ({
    skip,
  }) => {
    if (!world.store.capabilities.durable) return skip('the store is not durable');
    const options = inChild();
    if (options === undefined) throw new Error('a durable store needs `inChild` to be killed');
    await world.store.close();
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      acknowledged = Math.max(acknowledged, await writeUntilKilled(options, acknowledged, 5 + ((kill * 37) % 90)));
    }
    expect(acknowledged).toBeGreaterThan(KILLS);
    const store = await openTelemetryStore(options);
    const devices = Array.from({ length: DEVICES }, (_, i) => `d${i}`);
    for (const device of devices) {
      const frames = await framesOf(store, 'g', [device], ['write', 'row']);
      const instants = frames.flatMap(({ timestamps }) => [...timestamps]);
      const writes = frames.flatMap(({ columns }) => [...columns[0]!]);
      expect(instants.length % ROWS_PER_WRITE, 'writes are there as a whole').toBe(0);
      expect(instants.length).toBeGreaterThanOrEqual(acknowledged * ROWS_PER_WRITE);
      instants.forEach((instant, i) => {
        if (instant !== START + i * STEP_MS || writes[i] !== Math.floor(i / ROWS_PER_WRITE)) expect.fail(`row ${i}`);
      });
    }
    await store.close();
    await world.reopen();
  });
}

/** Starts a child that writes from a write number, and kills it some milliseconds after its first acknowledgement. Returns the number of acknowledged writes. */
async function writeUntilKilled(options: StoreInput, from: number, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, JSON.stringify(options), String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = from;
  let timer: NodeJS.Timeout | undefined;
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line);
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  }
  clearTimeout(timer);
  const [code, signal] = await exited;
  if (signal !== 'SIGKILL') throw new Error(`the writer exited with code ${code} before it was killed`);
  return acknowledged;
}
