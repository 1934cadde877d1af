import { mkdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openMigrationWorld } from './migration-world.ts';

/** A record as the older collector wrote it. */
function record(timestamp: string | null, soc: number | string = 55.5) {
  return {
    ...(timestamp !== null && { timestamp }),
    battery: { soc_percent: soc, charging_status: 'Charging' },
    photovoltaic: { current_power_kw: 3.25, current_power_w: 3250 },
    grid: { current_power_kw: -1.5 },
    house_consumption: { current_power_kw: 1.75 },
    pricing: { current_price_pln: 0.62 },
    system: { inverter_serial: 'GW1' },
  };
}

describe('record files of older installations', () => {
  it('are imported in every format, once', async () => {
    const { folder, migrate, stored } = await openMigrationWorld();
    const from = join(folder, 'records');
    await mkdir(join(from, '2025'), { recursive: true });
    await writeFile(join(from, 'energy_data_20251014_101500.json'), JSON.stringify(record('2025-10-14T10:15:00')));
    await writeFile(join(from, 'energy_data_20251014_101520.json.gz'), gzipSync(JSON.stringify(record(null))));
    await writeFile(
      join(from, '2025', 'array.json'),
      JSON.stringify([record('2025-10-14T10:16:00.250'), record('2025-10-14T08:17:00Z')], null, 2),
    );
    const lines = ['2025-10-15T00:00:00', '2025-10-15T00:00:20'].map((at) => JSON.stringify(record(at)));
    await writeFile(join(from, 'lines.jsonl'), `${lines.join('\n')}\n`);
    const state = { timestamp: '2025-10-16T12:00:00', state: 'monitoring', current_data: record(null) };
    await writeFile(join(from, 'coordinator_state_20251016.json'), `${JSON.stringify(state)}\n`);
    await writeFile(join(from, 'README.txt'), 'not a record');

    const dry = await migrate({ source: 'records', from, dry_run: true });
    expect(dry).toMatchObject({ found: 7, to_migrate: 7, migrated: 0, missing: 0, backup: null, validation: null });
    expect(dry.mapping).toContain('photovoltaic.current_power_kw');
    expect(dry.notes.join('\n')).toMatch(/left out: .*battery\.charging_status/);
    expect(dry.notes.join('\n')).toContain('1 files without a JSON file name');
    expect(dry.notes.join('\n')).toContain('6 times without an offset were read as times of Europe/Warsaw');

    const first = await migrate({ source: 'records', from });
    expect(first).toMatchObject({ found: 7, migrated: 7, already_there: 0, unreadable: 0, missing: 0 });
    expect(first.values).toMatchObject({ found: 35, written: 35, differing: 0 });
    // Five metrics of two devices, each within one day of UTC.
    expect(first.validation).toEqual({ series: 10, days: 10, samples: 35, compared_again: 0 });
    expect(await stored('GW1', 'battery.soc_percent')).toEqual([
      '2025-10-14T08:15:00.000Z 55.5',
      '2025-10-14T08:15:20.000Z 55.5',
      '2025-10-14T08:16:00.250Z 55.5',
      '2025-10-14T08:17:00.000Z 55.5',
      '2025-10-14T22:00:00.000Z 55.5',
      '2025-10-14T22:00:20.000Z 55.5',
    ]);
    expect(await stored('GW1', 'grid.power_kw')).toContain('2025-10-14T08:15:00.000Z -1.5');
    expect(await stored('GW1', 'solar.power_kw')).toHaveLength(6);
    expect(await stored('Inverter', 'load.power_kw')).toEqual(['2025-10-16T10:00:00.000Z 1.75']);

    const again = await migrate({ source: 'records', from });
    expect(again).toMatchObject({ found: 7, migrated: 0, already_there: 7, missing: 0 });
    expect(again.values.written).toBe(0);
    expect(again.backup).toMatch(/^wattkeeper-.*\.backup$/);
  });

  it('a placeholder string for a missing value loses only that value, and unreadable records are listed and not removed', async () => {
    const { folder, migrate, stored } = await openMigrationWorld();
    const from = join(folder, 'records');
    await mkdir(from);
    const unknown = { ...record('2025-10-14T10:00:00', 'Unknown'), system: { inverter_serial: 'Unknown' } };
    await writeFile(join(from, 'a.json'), JSON.stringify(unknown));
    await writeFile(join(from, 'b.json'), JSON.stringify(record('2025-10-14T11:00:00', 'full')));
    await writeFile(join(from, 'broken.json'), '{"timestamp": "2025-10-14T10:00:00", "battery": {');
    await writeFile(join(from, 'empty.json'), '');
    await writeFile(join(from, 'no_time.json'), JSON.stringify(record(null)));
    await writeFile(join(from, 'nothing.json'), JSON.stringify({ timestamp: '2025-10-14T10:00:00', mood: 'fine' }));
    await writeFile(join(from, 'page.json'), '<html></html>');
    const bad = [record('2025-02-30T10:00:00'), record('2025-03-30T02:30:00'), 7];
    await writeFile(join(from, 'times.json'), JSON.stringify(bad));
    const lines = Array.from({ length: 400 }, (_, i) =>
      JSON.stringify(record(new Date(Date.UTC(2025, 5, 1) + i * 60_000).toISOString(), i / 4)),
    );
    const cut = join(from, 'cut.jsonl.gz');
    await writeFile(cut, gzipSync(lines.join('\n')));
    await truncate(cut, (await readFile(cut)).length - 200);

    const report = await migrate({ source: 'records', from });
    const readable = (await stored('GW1', 'battery.soc_percent')).length;
    expect(readable).toBeGreaterThan(100);
    expect(readable).toBeLessThan(400);
    expect(report).toMatchObject({ found: readable + 11, migrated: readable + 2, unreadable: 9, missing: 0 });
    expect(report.values.unreadable).toBe(1);
    expect(report.notes.join('\n')).toContain('b.json: battery.soc_percent "full"');
    const reasons = Object.fromEntries(report.unreadable_items.map(({ where, reason }) => [where, reason]));
    expect(reasons).toEqual({
      'broken.json': expect.stringContaining('not JSON from record 1'),
      'cut.jsonl.gz': expect.stringContaining('gzip is damaged: unexpected end of file'),
      'empty.json': 'it is empty',
      'no_time.json': expect.stringContaining('no timestamp'),
      'nothing.json': 'it contains no value of a known field',
      'page.json': 'it is not JSON: it starts with neither { nor [',
      'times.json, record 1': expect.stringContaining('"2025-02-30T10:00:00" is not a time'),
      'times.json, record 2': expect.stringContaining('in an hour skipped in Europe/Warsaw'),
      'times.json, record 3': expect.stringContaining('must be an object'),
    });
    expect(await stored('Inverter', 'grid.power_kw')).toEqual(['2025-10-14T08:00:00.000Z -1.5']);
    const again = await migrate({ source: 'records', from });
    expect(again).toMatchObject({ found: report.found, already_there: report.migrated, unreadable: 9, missing: 0 });
  });

  it('the hour repeated in autumn is resolved by the order of lines, and by the time at which a file was written', async () => {
    const { folder, migrate, stored } = await openMigrationWorld();
    const from = join(folder, 'records');
    await mkdir(from);
    const local = ['01:50', '02:10', '02:40', '02:10', '02:40', '03:00'];
    const lines = local.map((time, i) => JSON.stringify(record(`2025-10-26T${time}:00`, i)));
    await writeFile(join(from, 'coordinator_state_1.json'), lines.join('\n'));
    const turns = { '022000': '2025-10-26T00:20:05Z', '022500': '2025-10-26T01:25:03Z' };
    for (const [name, writtenAt] of Object.entries(turns)) {
      const path = join(from, `energy_data_20251026_${name}.json`);
      await writeFile(path, JSON.stringify({ ...record(null), system: { inverter_serial: 'single' } }));
      await utimes(path, new Date(writtenAt), new Date(writtenAt));
    }
    const report = await migrate({ source: 'records', from });
    expect(report).toMatchObject({ found: 8, migrated: 8, missing: 0 });
    expect(await stored('GW1', 'battery.soc_percent')).toEqual([
      '2025-10-25T23:50:00.000Z 0',
      '2025-10-26T00:10:00.000Z 1',
      '2025-10-26T00:40:00.000Z 2',
      '2025-10-26T01:10:00.000Z 3',
      '2025-10-26T01:40:00.000Z 4',
      '2025-10-26T02:00:00.000Z 5',
    ]);
    expect(await stored('single', 'battery.soc_percent')).toEqual([
      '2025-10-26T00:20:00.000Z 55.5',
      '2025-10-26T01:25:00.000Z 55.5',
    ]);
  });

  it('existing readings remain, and implausible values are quarantined, once', async () => {
    const { folder, migrate, stored, pipeline } = await openMigrationWorld();
    const [id] = await pipeline.directory.resolve(['GW1']);
    const at = Date.UTC(2025, 9, 14, 8);
    const column = (value: number) => Float64Array.of(value);
    const block = { group: 'battery', quantities: ['soc_percent'], devices: [id as string], device: Int32Array.of(0) };
    await pipeline.ingest.accept([{ ...block, timestamps: column(at), columns: [column(90)] }]);
    const from = join(folder, 'records.json');
    const same = '2025-10-14T10:00:00';
    await writeFile(from, JSON.stringify([record(same, 20), record(same, 30), record('2025-10-14T11:00:00', 250)]));
    const report = await migrate({ source: 'records', from });
    expect(report).toMatchObject({ found: 3, migrated: 2, already_there: 1, missing: 0 });
    expect(report.values).toMatchObject({ differing: 2, quarantined: 1 });
    expect(await stored('GW1', 'battery.soc_percent')).toEqual(['2025-10-14T08:00:00.000Z 90']);
    expect(await pipeline.journal.quarantined(10, null)).toMatchObject([{ metric: 'battery.soc_percent', value: 250 }]);
    expect(await migrate({ source: 'records', from })).toMatchObject({ already_there: 3, values: { quarantined: 0 } });
  });

  it('a mapping replaces the default names, and a device name replaces the serial number', async () => {
    const { folder, migrate, stored } = await openMigrationWorld();
    const from = join(folder, 'records.json');
    await writeFile(from, JSON.stringify({ when: '14/10/2025 10:00', flow: { watts: '250' } }));
    const mapping =
      'timestamp: { column: when, format: dd/MM/yyyy HH:mm, timezone: Europe/Warsaw }\ndevice: x\ncolumns: { flow.watts: { metric: grid.power_kw, unit: W, scale: -1 } }';
    await migrate({ source: 'records', from, mapping, device: 'Meter' });
    expect(await stored('Meter', 'grid.power_kw')).toEqual(['2025-10-14T08:00:00.000Z -0.25']);
    await writeFile(join(folder, 'other.json'), JSON.stringify(record('2025-10-14T10:00:00')));
    await migrate({ source: 'records', from: join(folder, 'other.json'), timezone: 'America/New_York' });
    expect(await stored('GW1', 'grid.power_kw')).toEqual(['2025-10-14T14:00:00.000Z -1.5']);
    await expect(migrate({ source: 'records', from, mapping: 'timestamp: {}' })).rejects.toThrow(/error\(s\)/);
    await expect(migrate({ source: 'records', from: join(folder, 'nowhere') })).rejects.toThrow(/cannot be read/);
  });
});
