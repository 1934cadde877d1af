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
    fiveMinutes: fives(2, 12, (i) => ({ state: 5_001_000 + (i + 1) * (1000 / 12), sum: 1000 + (i + 1) * (1000 / 12) })),
  },
  { id: 'tibber:cost_energy', unit: 'kWh', hourly: hours(2, (i) => ({ sum: i })) },
  { id: 'sensor.terrace', unit: '°F', name: 'Terrace outside', hourly: hours(1, () => ({ mean: 77 })) },
  { id: 'sensor.wifi', unit: 'dBm', hourly: hours(5, () => ({ mean: -60 })) },
];

describe('statistics of Home Assistant', () => {
  it('become metrics by their units and names, and 5-minute rows replace hourly ones', async () => {
    const { folder, migrate, stored } = await openMigrationWorld();
    const from = join(folder, 'home-assistant_v2.db');
    writeRecorderDatabase(from, HOME);
    const dry = await migrate({ source: 'home-assistant', from, dry_run: true });
    // 46 of 48 hours and 24 five-minute rows, 2, 2 of 3 hours and 12 five-minute rows, 2, 1.
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
    // A counter is read at the end of its period.
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

  it('follow a mapping, even from old recorders, and rows without a value are listed', async () => {
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

  it('use the energy by which `sum` grows, and the report lists where `state` differs', async () => {
    const { folder, migrate, stored } = await openMigrationWorld();
    const from = join(folder, 'corrected.db');
    const used = [1.2, 0.4, 2.5, 0.9, 3.1];
    const total = (i: number) => used.slice(0, i + 1).reduce((a, b) => a + b, 0);
    writeRecorderDatabase(from, [
      // From a utility: the energy of the hour, and the total. The first hour counts too.
      { id: 'tibber:energy_consumption_1', unit: 'kWh', hourly: hours(5, (i) => ({ state: used[i]!, sum: total(i) })) },
      // A user removed a misread of 100 kWh in the third hour from the sum.
      {
        id: 'sensor.battery_charge_energy',
        unit: 'kWh',
        hourly: hours(4, (i) => ({ state: 700 + i + (i > 1 ? 100 : 0), sum: i })),
      },
      // A meter was replaced: its readings restart from 0.
      {
        id: 'sensor.grid_export_energy',
        unit: 'kWh',
        hourly: hours(4, (i) => ({ state: i > 1 ? i - 2 : 900 + i, sum: [0, 1, 1.5, 2.5][i]! })),
      },
    ]);
    const report = await migrate({ source: 'home-assistant', from });
    expect(report).toMatchObject({ migrated: 14, unreadable: 0, missing: 0, values: { quarantined: 0 } });
    const values = async (metric: string) =>
      (await stored('Home', metric))
        .map((line) => Number(line.split(' ')[1]!))
        .map((value) => Number(value.toFixed(9)));
    expect(await values('grid.energy_imported_kwh')).toEqual([0, 1.2, 1.6, 4.1, 5, 8.1]);
    expect((await stored('Home', 'grid.energy_imported_kwh'))[0]).toContain('2025-06-01T00:00');
    // Live readings of the meter continue at 803.
    expect(await values('battery.energy_charged_kwh')).toEqual([800, 801, 802, 803]);
    expect(await values('grid.energy_exported_kwh')).toEqual([0, 1, 1.5, 2.5]);
    const notes = report.notes.join('\n');
    expect(notes).toContain(
      'sensor.battery_charge_energy: its sum grows by 3 kWh, which is taken, and its state by 103 kWh; they differ in 1 rows (2025-06-01T02:00:00.000Z 1 kWh and 101 kWh)',
    );
    expect(notes).toContain('sensor.grid_export_energy: its sum grows by 2.5 kWh');
    expect(notes).not.toContain('tibber');
  });

  it('are imported once where several count the same energy', async () => {
    const { folder, migrate } = await openMigrationWorld();
    const from = join(folder, 'twice.db');
    // Two days of a solar roof, and of a house whose utility also reports.
    const roof = (i: number) => Math.max(0, Math.sin(((i % 24) - 6) / 3.8)) * 3.217;
    const house = (i: number) => 0.3 + ((i * 7) % 11) / 9;
    const upTo = (amount: (i: number) => number, i: number, from = 0) =>
      Array.from({ length: i - from + 1 }, (_, k) => amount(from + k)).reduce((a, b) => a + b, 0);
    const total = (id: string, amount: (i: number) => number, count = 48): RecorderSeries => {
      return { id, unit: 'kWh', hourly: hours(count, (i) => ({ state: 50 + upTo(amount, i), sum: upTo(amount, i) })) };
    };
    const ofDay = (i: number) => Number(upTo(roof, i, i - (i % 24)).toFixed(1));
    writeRecorderDatabase(from, [
      total('sensor.pv_energy_total', roof),
      {
        id: 'sensor.pv_energy_today',
        unit: 'kWh',
        hourly: hours(48, (i) => ({ state: ofDay(i), sum: Math.floor(i / 24) * ofDay(23) + ofDay(i) })),
      },
      total('sensor.grid_import_total', house),
      {
        id: 'opower:elec_1_energy_consumption',
        unit: 'Wh',
        hourly: hours(40, (i) => ({ state: house(i) * 1004, sum: upTo(house, i) * 1004 })),
      },
      // Another solar roof with nearly the same production.
      total('sensor.garage_pv_energy', (i) => roof(i) * 0.985),
      total('sensor.kettle_energy_total', (i) => (i % 5) / 10),
      total('sensor.kettle_energy_today', (i) => (i % 5) / 10),
      total('sensor.toaster_energy', (i) => (i % 5) / 10),
      { id: 'sensor.gas_consumption', unit: 'kWh', hourly: hours(3, (i) => ({ state: i, sum: i })) },
    ]);
    const { mapping, notes } = await migrate({ source: 'home-assistant', from, dry_run: true });
    const { statistics } = parse(mapping ?? '') as { statistics: Record<string, { metric: string } | null> };
    const taken = Object.fromEntries(Object.entries(statistics).map(([id, entry]) => [id, entry?.metric ?? null]));
    expect(taken).toEqual({
      'sensor.pv_energy_total': 'solar.energy_kwh',
      'sensor.pv_energy_today': null,
      'sensor.garage_pv_energy': 'solar.energy_kwh',
      'sensor.grid_import_total': 'grid.energy_imported_kwh',
      'opower:elec_1_energy_consumption': null,
      'sensor.kettle_energy_total': 'energy.energy_kwh',
      'sensor.kettle_energy_today': null,
      'sensor.toaster_energy': 'energy.energy_kwh',
      'sensor.gas_consumption': 'energy.energy_kwh',
    });
    expect(notes).toContain(
      'sensor.pv_energy_today was left out: it counts the same energy as sensor.pv_energy_total; a mapping can take it all the same',
    );
    expect(notes.join()).not.toContain('statistics that were left out');
  });

  it('are read from every row that has a start, as a number or as a string', async () => {
    const { folder, migrate, stored } = await openMigrationWorld();
    const from = join(folder, 'half-migrated.db');
    const rows = hours(6, (i) => ({ state: 10 + i, sum: i, textual: i < 3 }));
    writeRecorderDatabase(from, [{ id: 'sensor.grid_import_energy', unit: 'kWh', hourly: rows }]);
    expect(await migrate({ source: 'home-assistant', from })).toMatchObject({ found: 6, migrated: 6, unreadable: 0 });
    expect(await stored('Home', 'grid.energy_imported_kwh')).toEqual(
      Array.from({ length: 6 }, (_, i) => `2025-06-01T0${i + 1}:00:00.000Z ${10 + i}`),
    );
  });

  it('are read only from a recorder database', async () => {
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
