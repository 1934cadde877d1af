import { expect, test } from 'vitest';
import type { Block } from '../domain/columns/batch.ts';
import { MetricCatalogue } from '../domain/metric-catalogue.ts';
import { Ingest } from './ingest.ts';
import { MemoryJournal } from './memory-journal.ts';

const NOW = Date.UTC(2026, 5, 1);
const catalogue = new MetricCatalogue();

/** States of charge: `bad` values above 100 %, and one of 50 %. */
function charges(device: string, bad: number): Block {
  const values = Float64Array.from({ length: bad + 1 }, (_, i) => (i < bad ? 101 + i : 50));
  return {
    group: 'battery',
    quantities: ['soc_percent'],
    devices: [device],
    device: new Int32Array(bad + 1),
    timestamps: Float64Array.from(values, (_, i) => NOW - i * 1000),
    columns: [values],
  };
}

test('a full quarantine rejects further values, retains its own, and valid values are still accepted', async () => {
  const journal = new MemoryJournal(() => NOW);
  const ingest = new Ingest({
    journal,
    stores: [],
    window: { write: async () => {}, blocks: () => [], erase: async () => {}, deleteDevices: async () => {} },
    removed: new Set<string>(),
    persists: true,
    describe: (metric) => catalogue.describe(metric),
    admit: () => [],
    onStoreError: () => {},
    now: () => NOW,
    pauseMs: 0,
  });
  await ingest.open();
  const room = journal.quarantineRoom();
  const receipts = await Promise.all([ingest.accept([charges('a', room - 5)]), ingest.accept([charges('b', 100)])]);
  expect(receipts).toMatchObject([
    { accepted: 1, quarantined: room - 5, rejected: 0 },
    { accepted: 1, quarantined: 5, rejected: 95, refusals: Array(95).fill({ code: 'quarantine_full' }) },
  ]);
  const [newest] = await journal.quarantined(1, null);
  await journal.dropQuarantined([newest?.id as number]);
  expect(await ingest.accept([charges('c', 2)])).toMatchObject({ accepted: 1, quarantined: 1, rejected: 1 });
});
