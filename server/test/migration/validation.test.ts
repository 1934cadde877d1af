import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationRequest } from '@wattkeeper/contract/storage/migration.ts';
import { describe, expect, it } from 'vitest';
import { createMigrations } from '../../src/assembly/imports.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Frame } from '../../src/domain/columns/frame.ts';
import { anyFile } from '../../src/features/migration/import-folders.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { MeteredStore } from '../../src/storage/layers/metered-store.ts';
import { type MigrationWorld, openMigrationWorld } from './migration-world.ts';

const START = Date.UTC(2025, 5, 1);
const COUNT = 3000;

async function writeRecords(world: MigrationWorld): Promise<string> {
  const from = join(world.folder, 'records.jsonl');
  const lines = Array.from({ length: COUNT }, (_, i) =>
    JSON.stringify({ timestamp: new Date(START + i * 60_000).toISOString(), battery: { soc_percent: (i % 997) / 10 } }),
  );
  await writeFile(from, lines.join('\n'));
  return from;
}

/** Migrates into a store that returns values other than those written. */
async function migrateInto(
  { pipeline }: MigrationWorld,
  from: string,
  { onFrame, progress = () => {} }: { onFrame?: (frame: Frame) => Frame; progress?: (text: string) => void },
) {
  const { primary: first } = pipeline;
  const store: TelemetryStore = {
    ...first.store,
    type: first.store.type,
    capabilities: first.store.capabilities,
    series: () => first.store.series(),
    async *read(request) {
      for await (const frame of first.store.read(request)) yield onFrame ? onFrame(frame) : frame;
    },
  };
  const altered = { ...pipeline, primary: new MeteredStore(first.name, store, Date.now) };
  const migrations = createMigrations(altered, null, loadConfig({ environment: {} }), Date.now, anyFile);
  return migrations.migrate(MigrationRequest.parse({ source: 'records', from, device: 'GW1' }), {
    signal: new AbortController().signal,
    by: null,
    progress: (_share, text = '') => progress(text),
  });
}

function changed(frame: Frame, instant: number, value: number): Frame {
  const columns = frame.columns.map((column) =>
    column.map((own, row) => (frame.timestamps[row] === instant ? value : own)),
  );
  return { ...frame, columns };
}

describe('a migration reads back the values it wrote', () => {
  it('and finds a single value among thousands that the store has lost or altered', async () => {
    const lost = START + 1234 * 60_000;
    for (const [value, has] of [
      [Number.NaN, 'nothing'],
      [50, '50'],
    ] as const) {
      const world = await openMigrationWorld();
      const from = await writeRecords(world);
      let written = false;
      const report = await migrateInto(world, from, {
        onFrame: (frame) => (written ? changed(frame, lost, value) : frame),
        progress: (text) => {
          written ||= text === 'validating';
        },
      });
      expect(report).toMatchObject({ found: COUNT, migrated: COUNT - 1, missing: 1 });
      expect(report.missing_items).toEqual([
        { where: 'records.jsonl, line 1235', reason: `battery.soc_percent: 23.7 was found, the store has ${has}` },
      ]);
    }
  });

  it('and is not misled by readings that arrive meanwhile', async () => {
    const world = await openMigrationWorld();
    const from = await writeRecords(world);
    const [id] = (await world.pipeline.directory.resolve(['GW1'])) as [string];
    const sent: Promise<unknown>[] = [];
    const report = await migrateInto(world, from, {
      progress: (text) => {
        if (!text.startsWith('copying')) return;
        const timestamps = Float64Array.of(START + 30_000 + sent.length * 60_000);
        const block = { group: 'battery', quantities: ['soc_percent'], devices: [id], device: Int32Array.of(0) };
        sent.push(world.pipeline.ingest.accept([{ ...block, timestamps, columns: [Float64Array.of(1)] }]));
      },
    });
    await Promise.all(sent);
    expect(sent.length).toBeGreaterThan(0);
    expect(report).toMatchObject({ migrated: COUNT, missing: 0, validation: { compared_again: 1 } });
  });

  it('and reports records that are missing in the second pass', async () => {
    const world = await openMigrationWorld();
    const old = join(world.folder, 'old');
    mkdirSync(old);
    renameSync(await writeRecords(world), join(old, 'records.jsonl'));
    writeFileSync(join(old, 'a.json'), '{"timestamp": "2025-01-01T00:00:00Z", "battery": {"soc_percent": 1}}');
    const report = await migrateInto(world, old, {
      progress: (text) => {
        if (text === `reading: ${COUNT + 1}`) rmSync(join(old, 'records.jsonl'), { force: true });
      },
    });
    expect(report).toMatchObject({ found: COUNT + 1, migrated: 1, missing: COUNT });
    expect(report.missing_items).toEqual([
      { where: old, reason: `${COUNT} of ${COUNT + 1} were not found in the second pass` },
    ]);
  });
});
