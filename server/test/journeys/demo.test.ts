import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import pino from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPipeline, type Pipeline } from '../../src/assembly/pipeline.ts';
import { Config } from '../../src/config/schema.ts';
import type { Block } from '../../src/domain/columns/batch.ts';
import { type DemoOptions, DemoService } from '../../src/features/demo/service.ts';
import { createSimulator, type SimulatorState } from '../../src/sources/simulator/simulator.ts';
import { startService, temporaryFolder } from './service.ts';

const NOW = Date.UTC(2026, 5, 15, 12);

async function pipelineInMemory(): Promise<Pipeline> {
  const pipeline = await openPipeline({
    config: Config.parse({ persistence: false }),
    log: pino({ level: 'silent' }),
    now: () => NOW,
    withoutStores: false,
  });
  onTestFinished(() => pipeline.close(1000));
  return pipeline;
}

function demoOn(
  { records, directory, intake }: Pick<DemoOptions, 'records' | 'directory' | 'intake'>,
  profile: 'home' | 'rv' = 'home',
  historyDays = 1,
) {
  const warnings: string[] = [];
  const service = new DemoService({
    records,
    directory,
    intake,
    profile,
    now: () => NOW,
    enabled: undefined,
    historyDays,
    seed: 1,
    warn: (message) => warnings.push(message),
  });
  const prepare = async () => {
    const progress: (number | null)[] = [];
    const source = await service.prepare((share) => progress.push(share), AbortSignal.timeout(60_000));
    return { source, hasMadeHistory: progress.length > 0 };
  };
  return { service, prepare, warnings };
}

test('a new service has the site and the devices of the demo at its first response, and no other site', async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const service = await startService(folder.path, { WATTKEEPER_DEMO__ENABLED: 'true' });
  onTestFinished(() => service.kill());
  const sites = await service.json<{ items: unknown[] }>('/api/v1/sites');
  expect(sites.items).toEqual([expect.objectContaining({ name: 'Demo home', is_demo: true })]);
  expect((await service.json<{ items: unknown[] }>('/api/v1/devices')).items).toHaveLength(7);
});

test('the demo generates the newest day of its history first, with the same readings as in chronological order', async () => {
  const pipeline = await pipelineInMemory();
  const made: Block[][] = [];
  const accept = (blocks: readonly Block[]) => {
    made.push([...blocks]);
    return pipeline.intake.accept(blocks);
  };
  await demoOn({ ...pipeline, intake: { accept } }, 'home', 3).prepare();
  const start = NOW - 3 * UTC_DAY_MS;
  const simulator = createSimulator({ profile: 'home', seed: 1, start, stepMs: MINUTE_MS });
  const days: Block[][] = [];
  while (simulator.time < NOW) days.push(simulator.advance(NOW));
  expect(made.map(readings)).toEqual(days.reverse().map(readings));
});

function readings(blocks: readonly Block[]) {
  return blocks.map(({ group, timestamps, columns }) => ({ group, timestamps, columns }));
}

describe('a restarted demo', () => {
  test('continues from its last state', async () => {
    const pipeline = await pipelineInMemory();
    expect((await demoOn(pipeline).prepare()).hasMadeHistory).toBe(true);
    const again = demoOn(pipeline);
    expect((await again.prepare()).hasMadeHistory).toBe(false);
    expect(again.warnings).toEqual([]);
  });

  test.each<[string, (state: SimulatorState) => unknown, RegExp]>([
    ['an older version of the model', (state) => ({ ...state, version: 0 }), /starts again: .*version 0/],
    ['a model that keeps other numbers', (state) => ({ ...state, values: state.values.slice(1) }), /the state has \d+/],
    ['nothing that can be read', () => ({ version: 1, profile: 'home', seed: 1 }), /the state has no numbers/],
    ['another seed', (state) => ({ ...state, seed: 2 }), /seed 2/],
  ])('starts from the beginning, and logs it, when its state is %s', async (_case, change, warning) => {
    const pipeline = await pipelineInMemory();
    await demoOn(pipeline).prepare();
    const kept = await pipeline.records.namedStates.get('demo');
    await pipeline.records.namedStates.put('demo', change(kept?.state as SimulatorState));
    const again = demoOn(pipeline);
    expect((await again.prepare()).hasMadeHistory).toBe(true);
    expect(again.warnings).toEqual([expect.stringMatching(warning)]);
    expect((await pipeline.records.namedStates.get('demo'))?.state).toEqual(kept?.state);
    expect(await pipeline.records.sites.list()).toHaveLength(1);
  });

  test("with another profile starts from the beginning and does not treat the first demo's site as the user's", async () => {
    const pipeline = await pipelineInMemory();
    await demoOn(pipeline).prepare();
    const { service, prepare, warnings } = demoOn(pipeline, 'rv');
    expect(await service.wanted()).toBe(true);
    const { source, hasMadeHistory } = await prepare();
    expect([hasMadeHistory, warnings]).toEqual([true, [expect.stringMatching(/profile home/)]]);
    const stop = new AbortController();
    const running = service.run(source, stop.signal);
    await expect.poll(() => source.health().values).toBeGreaterThan(0);
    stop.abort();
    await running;
  });
});
