import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exampleMapping, runImport } from '../../../test/import/run-import.ts';
import { parseMapping } from './mapping.ts';
import { SeriesTally } from './series-tally.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

const HEADER = 'time;device;metric;value;unit';

test('each row is a value with its own device, metric and unit', async () => {
  const path = file('a.csv', [
    HEADER,
    '2026-07-01 12:00;Roof;solar.power_kw;3500;W',
    '2026-07-01 12:00;Garden;Outdoor;77;°F',
    '2026-07-01 12:00;Roof;Battery;80;',
    '2026-07-01 12:15;Roof;solar.power_kw;3.6;kW',
    '2026-07-01 12:15;Garden;Outdoor;Unknown;°F',
    '2026-07-01 12:15;Garden;Wind rose;north;',
  ]);
  const { report, values } = await runImport(path, exampleMapping('long-csv'));
  expect(report).toMatchObject({ rows: 6, accepted: 4, rejected: 0, ignored: 1 });
  expect(values('Roof', 'solar.power_kw')).toEqual([
    { at: '2026-07-01T10:00:00.000Z', value: 3.5 },
    { at: '2026-07-01T10:15:00.000Z', value: 3.6 },
  ]);
  expect(values('Garden', 'environment.outdoor_temp_c')[0]?.value).toBeCloseTo(25, 9);
  expect(values('Roof', 'battery.soc_percent')).toEqual([{ at: '2026-07-01T10:00:00.000Z', value: 80 }]);
});

test('a value that cannot be assigned is rejected with its reason and line', async () => {
  const mapping = parseMapping(
    `device_column: device
timestamp: { column: time }
long: { metric_column: metric, value_column: value, unit_column: unit, metrics: { Load: { metric: load.power_kw } } }`,
    'm',
  );
  const path = file('b.csv', [
    HEADER,
    '2026-07-01T00:00Z;House;Load;1;W',
    '2026-07-01T00:00Z;House;Lod;1;W',
    '2026-07-01T00:01Z;House;Load;1;BTU',
    `2026-07-01T00:02Z;${'x'.repeat(201)};Load;1;W`,
    '2026-07-01T00:03Z;House;Load;much;W',
    'yesterday;House;Load;1;W',
  ]);
  const { report } = await runImport(path, mapping);
  expect(report).toMatchObject({
    accepted: 1,
    rejected: 5,
    rejected_by: {
      unknown_metric: { count: 1, positions: [3] },
      unknown_unit: { count: 1, positions: [4] },
      no_device: { count: 1, positions: [5] },
      not_a_number: { count: 1, positions: [6] },
      not_a_time: { count: 1, positions: [7] },
    },
  });
  const details = report.problems.map(({ detail }) => detail).join('\n');
  expect(details).toContain('"Lod" must be a metric such as load.power_kw, or one of Load');
  expect(details).toContain('unit must be one of kW, W, MW to convert to kW; got "BTU"');
});

test('the repeated hour is resolved separately for each series, in any interleaving', async () => {
  const clock = ['01:30', '02:00', '02:30', '02:00', '02:30', '03:00'].map((time) => `2026-10-25 ${time}`);
  const rowOf = (device: string) => (time: string, i: number) => `${time};${device};load.power_kw;${i};`;
  const mixed = clock.flatMap((time, i) => ['A', 'B'].map((device) => rowOf(device)(time, i)));
  const apart = ['A', 'B'].flatMap((device) => clock.map(rowOf(device)));
  for (const [name, rows] of Object.entries({ mixed, apart })) {
    const { report, values } = await runImport(file(name, [HEADER, ...rows]), exampleMapping('long-csv'));
    expect(report).toMatchObject({ accepted: 12, ambiguous_times: 8 });
    for (const device of ['A', 'B']) {
      expect(values(device, 'load.power_kw').map(({ at }) => at.slice(11, 16))).toEqual([
        '23:30',
        '00:00',
        '00:30',
        '01:00',
        '01:30',
        '02:00',
      ]);
    }
  }
});

test('a decimal comma, and texts that represent numbers', async () => {
  const mapping = parseMapping(
    `device: House
decimal: ','
timestamp: { column: time }
columns: { load: { metric: load.power_kw }, mode: { metric: production.status, numbers: { On: 1, Off: 0 } } }`,
    'm',
  );
  const path = file('c.csv', [
    'time;load;mode',
    '2026-07-01T00:00Z;1,5;On',
    '2026-07-01T00:01Z;1.234,5;Off',
    '2026-07-01T00:02Z;1.23,5;',
  ]);
  const { report, values } = await runImport(path, mapping);
  expect(report).toMatchObject({ accepted: 4, rejected: 1 });
  expect(values('House', 'load.power_kw')).toEqual([
    { at: '2026-07-01T00:00:00.000Z', value: 1.5 },
    { at: '2026-07-01T00:01:00.000Z', value: 1234.5 },
  ]);
  expect(values('House', 'production.status').map(({ value }) => value)).toEqual([1, 0]);
});

test('a mapping must name columns or a long layout, and a valid time zone and format', () => {
  const timestamp = 'device: a\ntimestamp: { column: time';
  expect(() => parseMapping(`${timestamp} }`, 'm')).toThrow(/specify either columns .* or long/);
  expect(() => parseMapping(`${timestamp}, timezone: Europe/Warschau }\ncolumns: {}`, 'm')).toThrow(
    /timestamp\.timezone: must be an IANA time zone such as Europe\/Warsaw; got "Europe\/Warschau"/,
  );
});

test('gaps, duplicates and values out of order are counted, in ascending and descending files', () => {
  const minutes = [0, 10, 20, 20, 50, 60, 70, 65, 200, 210];
  const reportOf = (instants: readonly number[]) => {
    const tally = new SeriesTally();
    for (const minute of instants) tally.add(minute * 60_000);
    return tally.report('House', 'load.power_kw');
  };
  const expected = {
    values: 10,
    first: 0,
    last: 210 * 60_000,
    interval_ms: 600_000,
    duplicates: 1,
    // 20 → 50 and 70 → 200 are longer than 10 minutes by 20 and 120.
    gaps: { count: 2, longest_ms: 130 * 60_000, total_ms: 140 * 60_000 },
  };
  expect(reportOf(minutes)).toMatchObject({ ...expected, out_of_order: 1 });
  expect(reportOf(minutes.filter((minute) => minute !== 65).toReversed())).toMatchObject({
    ...expected,
    values: 9,
    out_of_order: 0,
  });
});
