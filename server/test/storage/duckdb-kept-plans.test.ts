import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { batch, type Row, rowsOf } from '../conformance/telemetry-blocks.ts';

const T0 = Date.UTC(2026, 0, 1);

it('reads every row, whatever the table contained at an earlier run of the same query', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-plans-'));
  const store = await openTelemetryStore({
    type: 'duckdb',
    path: join(folder, 'telemetry.duckdb'),
    memory_limit_mb: 256,
  });
  let run = 0;
  const days = fc.uniqueArray(fc.integer({ min: 0, max: 119 }), { minLength: 1, maxLength: 8 });
  const step = fc.record({
    a: days,
    b: days,
    which: fc.constantFrom('a', 'b', 'both'),
    before: fc.integer({ min: 0, max: 120 }),
  });
  const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 3 }), async (steps) => {
    const group = `g${run++}`;
    const model = new Set<string>();
    const expectAll = async () => {
      for (const device of ['a', 'b']) {
        const rows = await rowsOf(store, group, [device], ['v']);
        const wanted = [...model].filter((row) => row.startsWith(device)).sort();
        expect(rows.map(([id, at]) => `${id} ${at}`).sort()).toEqual(wanted);
      }
    };
    for (const { a, b, which, before } of steps) {
      const of = (device: string, on: readonly number[]) =>
        which === device || which === 'both' ? on.map((day): Row => [device, T0 + day * UTC_DAY_MS, { v: day }]) : [];
      const rows = [...of('a', a), ...of('b', b)];
      await store.write([batch(group, rows)]);
      for (const [device, at] of rows) model.add(`${device} ${at}`);
      await expectAll();
      const cut = T0 + before * UTC_DAY_MS;
      await store.deleteBefore(cut, group);
      for (const row of model) if (Number(row.slice(2)) < cut) model.delete(row);
      await expectAll();
    }
  });
  await fc.assert(property, { numRuns: 40, endOnFailure: true });
  await store.close();
  rmSync(folder, { recursive: true });
});
