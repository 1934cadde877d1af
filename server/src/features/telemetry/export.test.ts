import { tableFromIPC } from 'apache-arrow';
import { expect, it } from 'vitest';
import type { Frame } from '../../domain/columns/frame.ts';
import { toArrow } from './arrow-export.ts';
import { EXPORT_FORMATS } from './export.ts';
import { exportRows, SAMPLES } from './export-rows.ts';

const FRAME_ROWS = 50_000;
const device = { id: 'id', name: 'Dach Süd' } as never;

/** Frames that are counted when they are fetched. */
function source(frames: number) {
  const fetched = { count: 0 };
  async function* all() {
    for (let f = 0; f < frames; f++) {
      fetched.count++;
      const row = (_: unknown, i: number) => f * FRAME_ROWS + i;
      const timestamps = Float64Array.from({ length: FRAME_ROWS }, row);
      const frame: Frame = {
        deviceId: 'id',
        group: 'solar',
        quantities: ['power_kw'],
        timestamps,
        columns: [timestamps.slice()],
      };
      yield { device, frame };
    }
  }
  return { fetched, rows: exportRows(all(), () => 'kW') };
}

it.each(Object.entries(EXPORT_FORMATS))(
  '%s reads no more from the store than its reader fetches',
  async (_, { encode }) => {
    const { fetched, rows } = source(100);
    const chunks = encode(rows, SAMPLES)[Symbol.asyncIterator]();
    for (let i = 0; i < 5; i++) expect((await chunks.next()).done).toBe(false);
    expect(fetched.count).toBeLessThan(10);
    await chunks.return?.();
  },
);

it('writes every row to Arrow, in order and with its texts', async () => {
  const { rows } = source(2);
  const chunks: Uint8Array[] = [];
  for await (const chunk of toArrow(rows, SAMPLES)) chunks.push(chunk);
  const table = tableFromIPC(Buffer.concat(chunks));
  expect(table.numRows).toBe(2 * FRAME_ROWS);
  const names = table.getChild('device_name')!;
  const metrics = table.getChild('metric')!;
  const values = table.getChild('value')!;
  for (let row = 0; row < table.numRows; row += 997) {
    expect([names.get(row), metrics.get(row), values.get(row)]).toEqual(['Dach Süd', 'solar.power_kw', row]);
  }
});
