import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openMigrationWorld } from './migration-world.ts';
import { type RecorderSeries, writeRecorderDatabase } from './recorder-database.ts';

const START = Date.UTC(2025, 5, 1) / 1000;
const hours = (count: number, row: (i: number) => object) =>
  Array.from({ length: count }, (_, i) => ({ start: START + i * 3600, ...row(i) }));
const fives = (from: number, count: number, row: (i: number) => object) =>
  Array.from({ length: count }, (_, i) => ({ start: START + from * 3600 + i * 300, ...row(i) }));

const HOME: readonly RecorderSeries[] = [
  {
    id: 'sensor.solar_power',
    unit: 'W',
    hourly: hours(48, (i) => ({ mean: i * 100 })),
    fiveMinutes: fives(46, 24, (i) => ({ mean: 5000 + i })),
  },
  { id: 'sensor.solar_power_garage', unit: 'kW', name: 'Garage roof', hourly: hours(2, () => ({ mean: 1 })) },
  {
    id: 'sensor.grid_import_energy',
    unit: 'Wh',
    hourly: hours(3, (i) => ({ state: 5_000_000 + i * 1000, sum: i * 1000 })),
    fiveMinutes: fives(2, 12, (i) => ({ state: 5_001_000 + (i + 1) * (1000 / 12), sum: 0 })),
  },
  { id: 'tibber:cost_energy', unit: 'kWh', hourly: hours(2, (i) => ({ sum: i })) },
  { id: 'sensor.terrace', unit: '°F', name: 'Terrace outside', hourly: hours(1, () => ({ mean: 77 })) },
  { id: 'sensor.wifi', unit: 'dBm', hourly: hours(5, () => ({ mean: -60 })) },
];

describe('statistics of Home Assistant', () => {
  it('become metrics as their units and names tell, the five minutes in place of the hours', async () => {
    const { folder, migrate, stored } = await openMigrationWorld();
    const from = join(folder, 'home-assistant_v2.db');
    writeRecorderDatabase(from, HOME);
    const dry = await migrate({ source: 'home-assistant', from, dry_run: true });
    // 46 of 48 hours and 24 five minutes, 2, 2 of 3 hours and 12, 2, 1.
    expect(dry).toMatchObject({ found: 70 + 2 + 14 + 2 + 1, to_migrate: 89, missing: 0 });
    expect(parse(dry.mapping ?? '')).toMatchObject({
      statistics: {
        'sensor.solar_power': { device: 'Home', metric: 'solar.power_kw', unit: 'W' },
        'sensor.solar_power_garage': { device: 'Garage roof', metric: 'solar.power_kw', unit: 'kW' },
        'sensor.grid_import_energy': { device: 'Home', metric: 'grid.energy_imported_kwh', unit: 'Wh' },
        'tibber:cost_energy': { device: 'cost_energy', metric: 'energy.energy_kwh' },
        'sensor.terrace': { device: 'Home', metric: 'environment.outdoor_temp_c', unit: '°F' },
        'sensor.wifi': null,
      },
    });
    expect(dry.notes.join()).toContain('sensor.wifi (dBm)');

    const report = await migrate({ source: 'home-assistant', from });
    expect(report).toMatchObject({ found: 89, migrated: 89, unreadable: 0, missing: 0, values: { differing: 0 } });
    const solar = await stored('Home', 'solar.power_kw');
    expect(solar).toHaveLength(70);
    expect(solar.slice(44, 48)).toEqual([
      '2025-06-02T20:00:00.000Z 4.4',
      '2025-06-02T21:00:00.000Z 4.5',
      '2025-06-02T22:00:00.000Z 5',
      '2025-06-02T22:05:00.000Z 5.001',
    ]);
    // A counter was read at the end of its period.
    expect((await stored('Home', 'grid.energy_imported_kwh')).slice(0, 2)).toEqual([
      '2025-06-01T01:00:00.000Z 5000',
      '2025-06-01T02:00:00.000Z 5001',
    ]);
    expect(await stored('cost_energy', 'energy.energy_kwh')).toEqual([
      '2025-06-01T01:00:00.000Z 0',
      '2025-06-01T02:00:00.000Z 1',
    ]);
    expect(await stored('Home', 'environment.outdoor_temp_c')).toEqual([
      expect.stringMatching(/^2025-06-01T00.* 25(\.0+\d)?$/),
    ]);
    expect(await migrate({ source: 'home-assistant', from })).toMatchObject({
      migrated: 0,
      already_there: 89,
      missing: 0,
    });
  });

  it('follow a mapping, from old recorders too, and rows without a value are listed', async () => {
    const { folder, migrate, stored } = await openMigrationWorld();
    const from = join(folder, 'old.db');
    const rows = [...hours(2, (i) => ({ mean: 100 + i })), { start: null, mean: 1 }, { start: START + 7200 }];
    writeRecorderDatabase(from, [{ id: 'sensor.battery_power', unit: 'W', hourly: rows }], true);
    const mapping = JSON.stringify({
      statistics: { 'sensor.battery_power': { device: 'Pack', metric: 'battery.power_kw', unit: 'W', scale: -1 } },
    });
    const report = await migrate({ source: 'home-assistant', from, mapping });
    expect(report).toMatchObject({ found: 4, migrated: 2, unreadable: 2, missing: 0 });
    expect(report.unreadable_items).toEqual([
      { where: 'statistics 3, sensor.battery_power', reason: 'it has no start' },
      { where: 'statistics 4, sensor.battery_power', reason: 'its mean is null' },
    ]);
    expect(await stored('Pack', 'battery.power_kw')).toEqual([
      '2025-06-01T00:00:00.000Z -0.1',
      '2025-06-01T01:00:00.000Z -0.101',
    ]);
    const wrong = { statistics: { 'sensor.other': { device: 'x', metric: 'load.power_kw' } } };
    await expect(migrate({ source: 'home-assistant', from, mapping: JSON.stringify(wrong) })).rejects.toThrow(
      /names "sensor.other", which .* does not have/,
    );
    const unit = { statistics: { 'sensor.battery_power': { device: 'x', metric: 'load.power_kw', unit: 'V' } } };
    await expect(migrate({ source: 'home-assistant', from, mapping: JSON.stringify(unit) })).rejects.toThrow(
      /statistics.sensor.battery_power.unit: unit must be one of kW, W, MW/,
    );
  });

  it('are looked for in a recorder database only', async () => {
    const { folder, migrate } = await openMigrationWorld();
    const letter = join(folder, 'letter.db');
    await writeFile(letter, 'Dear Sir or Madam, '.repeat(500));
    await expect(migrate({ source: 'home-assistant', from: letter })).rejects.toThrow(
      /letter.db cannot be read as a database/,
    );
    await expect(migrate({ source: 'home-assistant', from: join(folder, 'none.db') })).rejects.toThrow(
      /cannot be read/,
    );
    const data = join(folder, 'data', 'wattkeeper.db');
    await expect(migrate({ source: 'home-assistant', from: data })).rejects.toThrow(/has no table statistics_meta/);
  });
});
