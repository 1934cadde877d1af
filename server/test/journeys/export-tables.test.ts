import { zstdDecompressSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

const folder = temporaryFolder();
const T0 = Date.parse('2026-03-01T00:00:00Z');
const WINDOW = 'start=2026-03-01T00:00:00Z&end=2026-03-01T06:00:00Z';
/** More series than the maximum of one JSON response. */
const MANY_DEVICES = 1005;
let service: Service;

type Row = Record<string, string | number | null>;

beforeAll(async () => {
  service = await startService(folder.path);
  const readings = Array.from({ length: 300 }, (_, i) => ({
    device_id: i % 2 === 0 ? 'roof, "Süd"' : 'meter',
    timestamp: new Date(T0 + Math.floor(i / 2) * 120_000).toISOString(),
    values: i % 2 === 0 ? { 'solar.power_kw': i / 10, 'solar.energy_kwh': i } : { 'grid.power_kw': -i / 10 },
  }));
  const many = Array.from({ length: MANY_DEVICES }, (_, i) => ({
    device_id: `plug-${String(i).padStart(4, '0')}`,
    timestamp: '2026-03-02T00:00:00Z',
    values: { 'load.power_kw': i },
  }));
  expect((await postReadings(service, [...readings, ...many])).status).toBe(202);
});
afterAll(async () => {
  await service.stop();
  folder.remove();
});

/** Rows of a file in any format, times as milliseconds, empty cells as null. */
async function rowsOf(path: string, format: string): Promise<Row[]> {
  const response = await service.request(`${path}&format=${format}`);
  const bytes = await response.arrayBuffer();
  if (response.status !== 200) throw new Error(Buffer.from(bytes).toString());
  if (format === 'csv') return fromCsv(Buffer.from(bytes).toString());
  if (format === 'arrow')
    return tableFromIPC(new Uint8Array(bytes))
      .toArray()
      .map((row) => withTime(Object.fromEntries(Object.entries(row.toJSON()))));
  const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) };
  return (await parquetReadObjects({ file: bytes, compressors })).map(withTime);
}

function withTime(row: Record<string, unknown>): Row {
  return { ...row, timestamp: Number(row.timestamp) } as Row;
}

function fromCsv(text: string): Row[] {
  const [head, ...lines] = text
    .trim()
    .split('\r\n')
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
      ),
    );
  const texts = new Set(['device_id', 'device_name', 'metric', 'unit']);
  const cell = (name: string, text: string) =>
    texts.has(name) ? text : name === 'timestamp' ? Date.parse(text) : text === '' ? null : Number(text);
  return lines.map((line) => Object.fromEntries(head!.map((name, i) => [name, cell(name, line[i]!)])));
}

interface Series {
  readonly device_id: string;
  readonly device_name: string;
  readonly metric: string;
  readonly unit: string;
  readonly timestamps: string[];
  readonly [aggregate: string]: unknown;
}

describe.each(['csv', 'parquet', 'arrow'])('as %s', (format) => {
  it.each(['mean', 'mean,max,increase,count'])('buckets of %s equal those of the JSON response', async (aggregate) => {
    const path = `/api/v1/telemetry?${WINDOW}&bucket=1h&aggregate=${aggregate}&metric=grid.power_kw,solar.power_kw,solar.energy_kwh`;
    const own = await rowsOf(path, format);
    const { series } = await service.json<{ series: Series[] }>(path);
    const expected = series.flatMap((one) =>
      one.timestamps.map((time, i) => ({
        timestamp: Date.parse(time),
        device_id: one.device_id,
        device_name: one.device_name,
        metric: one.metric,
        unit: one.unit,
        // biome-ignore lint/plugin: parsed JSON
        ...Object.fromEntries(aggregate.split(',').map((name) => [name, (one[name] as (number | null)[])[i] ?? null])),
      })),
    );
    const key = (row: Row) => `${row.metric} ${row.timestamp}`;
    expect(own.sort((a, b) => (key(a) < key(b) ? -1 : 1))).toEqual(expected.sort((a, b) => (key(a) < key(b) ? -1 : 1)));
    expect(own).toHaveLength(18);
  });

  it('aggregates without meaning for a metric are empty by default', async () => {
    const rows = await rowsOf(`/api/v1/telemetry?${WINDOW}&bucket=1h&metric=solar.power_kw,solar.energy_kwh`, format);
    const first = (metric: string) => rows.find((row) => row.metric === metric);
    expect(first('solar.power_kw')).toMatchObject({ increase: null, sum: null, mean: expect.any(Number) });
    expect(first('solar.energy_kwh')).toMatchObject({
      increase: expect.any(Number),
      last: expect.any(Number),
      sum: null,
    });
  });

  it('wide records equal those of the JSON response, with a column for each metric', async () => {
    const path = `/api/v1/energy-data?start_time=2026-03-01T00:00:00Z&end_time=2026-03-01T06:00:00Z`;
    const { items } = await service.json<{
      items: { timestamp: string; device_id: string; device_name: string; values: Row }[];
    }>(path);
    const rows = await rowsOf(path, format);
    const none = { 'grid.power_kw': null, 'load.power_kw': null, 'solar.energy_kwh': null, 'solar.power_kw': null };
    const expected = items.map(({ values, timestamp, ...device }) => ({
      timestamp: Date.parse(timestamp),
      ...device,
      ...none,
      ...values,
    }));
    const key = (row: Row) => `${row.device_id} ${row.timestamp}`;
    const byKey = (a: Row, b: Row) => (key(a) < key(b) ? -1 : 1);
    expect(rows.toSorted(byKey)).toEqual((expected as Row[]).sort(byKey));
    expect(rows).toHaveLength(300);
  });

  it('the number of series is unlimited', async () => {
    const day = '2026-03-02T00:00:00Z';
    const buckets = await rowsOf(
      `/api/v1/telemetry?start=${day}&end=2026-03-03T00:00:00Z&bucket=1d&metric=load.power_kw`,
      format,
    );
    expect(buckets.map(({ max }) => max)).toEqual(Array.from({ length: MANY_DEVICES }, (_, i) => i));
    const wide = await rowsOf(`/api/v1/energy-data?start_time=${day}&end_time=2026-03-03T00:00:00Z`, format);
    expect(wide.map((row) => row['load.power_kw'])).toEqual(buckets.map(({ max }) => max));
  });
});
