import { describe, expect, it } from 'vitest';
import { type Flow, flowsOf, loadShares, type SitePower, sitePower } from './site-power.ts';

const NOTHING: SitePower = {
  solar: null,
  battery: null,
  grid: null,
  load: null,
  vehicle: null,
  batterySoc: null,
  vehicleSoc: null,
  machines: [],
  otherConsumers: [],
  silent: [],
  at: null,
};
const written = (flows: readonly Flow[]) => flows.map(({ from, to, power }) => `${from}→${to} ${power.toFixed(2)}`);

describe('flowsOf', () => {
  it('assigns solar power to the load first, then to the battery, then to the grid', () => {
    const flows = flowsOf({ ...NOTHING, solar: 6, load: 1.5, battery: 3, grid: -1.5 });
    expect(written(flows)).toEqual(['solar→load 1.50', 'solar→battery 3.00', 'solar→grid 1.50']);
  });

  it('supplies the load from solar, then the battery, then the grid', () => {
    const flows = flowsOf({ ...NOTHING, solar: 1, load: 5, battery: -3, grid: 1 });
    expect(written(flows)).toEqual(['solar→load 1.00', 'battery→load 3.00', 'grid→load 1.00']);
    expect(loadShares(flows).map(({ share }) => share)).toEqual([0.2, 0.6, 0.2]);
  });

  it('charges the battery from the grid at night', () => {
    expect(written(flowsOf({ ...NOTHING, solar: 0, load: 0.5, battery: 4, grid: 4.5 }))).toEqual([
      'grid→load 0.50',
      'grid→battery 4.00',
    ]);
  });

  it('connects the vehicle to the home, in both directions', () => {
    expect(written(flowsOf({ ...NOTHING, load: 8, grid: 8, vehicle: 7 }))).toContain('load→vehicle 7.00');
    expect(written(flowsOf({ ...NOTHING, load: 1, grid: 0, vehicle: -2 }))).toContain('vehicle→load 2.00');
  });

  it('ignores flows within the noise of a meter', () => {
    expect(flowsOf({ ...NOTHING, solar: 0.002, load: 0.3, grid: 0.001, battery: 0 })).toEqual([]);
  });
});

const NOW = Date.UTC(2026, 5, 21, 10, 1);

describe('sitePower', () => {
  const at = (second: number) => `2026-06-21T10:00:${String(second).padStart(2, '0')}.000Z`;
  const item = (device_id: string, values: Record<string, number>, second = 1) => ({
    device_id,
    device_name: device_id,
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, { value, unit: '', timestamp: at(second) }]),
    ),
  });
  const device = (id: string, kind: 'machine' | 'inverter') => ({
    id,
    kind,
    name: id,
    site_id: 'site',
    labels: {},
    expected_interval_s: null,
    retired_at: null,
    holds_s: null,
    rated_power_kw: null,
    counters: {},
    intervals: {},
    status: 'online' as const,
    meter: null,
    last_reading_at: null,
    created_at: at(0),
  });

  it('adds up devices and derives an unmetered load', () => {
    const latest = {
      timestamp: at(5),
      warnings: [],
      items: [
        item('east', { 'solar.power_kw': 2 }),
        item('west', { 'solar.power_kw': 3, 'battery.power_kw': 1, 'battery.soc_percent': 40 }, 3),
        item('meter', { 'grid.power_kw': -2.5 }),
      ],
    };
    expect(sitePower(latest, [], NOW)).toMatchObject({
      solar: 5,
      grid: -2.5,
      load: 1.5,
      batterySoc: 40,
      vehicle: null,
    });
    expect(sitePower(latest, [], NOW).at).toBe(Date.parse(at(3)));
  });

  it('ranks machines by power and excludes other devices', () => {
    const latest = {
      timestamp: at(5),
      warnings: [],
      items: ['a', 'b', 'meter'].map((id, i) => item(id, { 'energy.power_kw': i + 1 })),
    };
    const power = sitePower(latest, [device('a', 'machine'), device('b', 'machine'), device('meter', 'inverter')], NOW);
    expect(power.machines.map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('lists other metered consumers separately from machines', () => {
    const items = ['a', 'hall'].map((id, i) => item(id, { 'energy.power_kw': i + 1 }));
    const latest = { timestamp: at(5), warnings: [], items };
    const power = sitePower(latest, [device('a', 'machine'), device('hall', 'inverter')], NOW);
    expect(power.otherConsumers).toEqual([{ deviceId: 'hall', name: 'hall', power: 2 }]);
  });

  it('excludes a device that is silent while others report, and names it', () => {
    const items = [item('roof', { 'solar.power_kw': 3 }), item('meter', { 'grid.power_kw': 1 }, 50)];
    const latest = { timestamp: at(5), warnings: [], items };
    const devices = [{ ...device('roof', 'inverter'), expected_interval_s: 10 }, device('meter', 'inverter')];
    expect(sitePower(latest, devices, NOW)).toMatchObject({ solar: 3, silent: [] });
    const later = sitePower(latest, devices, NOW + 60_000);
    expect(later).toMatchObject({ solar: null, grid: 1, load: 1, at: Date.parse(at(50)) });
    expect(later.silent).toEqual([{ deviceId: 'roof', name: 'roof', at: Date.parse(at(1)) }]);
    // When no device reports, the last values remain, with their age.
    expect(sitePower(latest, devices, NOW + 86_400_000)).toMatchObject({ solar: 3, grid: 1, silent: [] });
  });

  it('includes a device whose declared interval has not elapsed', () => {
    const items = [item('plug', { 'load.power_kw': 2 }), item('meter', { 'grid.power_kw': 1 }, 50)];
    const latest = { timestamp: at(5), warnings: [], items };
    const devices = [{ ...device('plug', 'inverter'), holds_s: 43_200 }, device('meter', 'inverter')];
    const power = sitePower(
      {
        ...latest,
        items: [
          items[0]!,
          { ...items[1]!, values: { 'grid.power_kw': { value: 1, unit: '', timestamp: '2026-06-21T12:00:00.000Z' } } },
        ],
      },
      devices,
      NOW + 7_200_000,
    );
    expect(power).toMatchObject({ load: 2, silent: [] });
  });

  it('excludes retired devices', () => {
    const latest = {
      timestamp: at(5),
      warnings: [],
      items: ['a', 'b'].map((id, i) => item(id, { 'load.power_kw': i + 1, 'energy.power_kw': i + 1 })),
    };
    const power = sitePower(latest, [device('a', 'machine'), { ...device('b', 'machine'), status: 'retired' }], NOW);
    expect([power.load, power.machines.map(({ name }) => name)]).toEqual([1, ['a']]);
  });

  it('returns null for quantities without readings', () => {
    expect(sitePower({ timestamp: at(0), warnings: [], items: [] }, [], NOW)).toEqual(NOTHING);
  });
});
