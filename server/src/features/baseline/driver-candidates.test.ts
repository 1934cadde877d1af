import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { END, energy, iso, noise, START, world } from '../../../test/baseline/press-world.ts';
import { every } from '../../../test/energy/site-world.ts';

describe('a baseline', () => {
  it('never has a driver that is derived from the energy', async () => {
    const { service, train, site } = await world();
    const press = site.devices.require('Press');
    const report = (metric: string, at: (instant: number) => number) =>
      site.report(press, metric, every(HOUR_MS, START, END, at));
    await report('carbon.emissions_kg', (at) => energy(at) * (0.45 + 0.02 * Math.sin(at / 1e8)));
    await report('press.cost', (at) => 0.2 * energy(at));
    await report('press.reactive_kvarh', (at) => 0.3 * energy(at) + noise(at));
    await report('press.counter_copy', (at) => Math.round(energy(at)));
    await report('press.clamp', (at) => 1000 * energy(at) + 900 * noise(at * 3));
    const window = { start: iso(START), end: iso(END) };
    const { drivers, suggestion } = await service.drivers({ machine_id: 'Press', suggest: true, ...window });
    const names = drivers.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['production_count', 'press.counter_copy', 'press.clamp']));
    expect(names.join()).not.toMatch(/carbon|cost|kvarh/);
    expect(suggestion?.drivers).toEqual(['production_count', 'outdoor_temp_c']);
    const reasons = new Map(suggestion?.left_out.map(({ name, reason }) => [name, reason]));
    for (const name of ['carbon.emissions_kg', 'press.cost', 'press.reactive_kvarh'])
      expect([name, reasons.get(name)]).toEqual([name, 'derived']);
    for (const name of ['press.counter_copy', 'press.clamp'])
      expect([name, reasons.get(name)]).toEqual([name, 'suspicious']);
    await expect(train(['carbon.emissions_kg'])).rejects.toThrow(/"carbon.emissions_kg" is derived from the energy/);
  });

  it('with a driver that explains almost everything is activated only after a confirmation', async () => {
    const { service, train, site } = await world();
    const press = site.devices.require('Press');
    await site.report(
      press,
      'press.clamp',
      every(HOUR_MS, START, END, (at) => 1000 * energy(at) + 900 * noise(at * 3)),
    );
    const model = await train(['press.clamp']);
    expect(model).toMatchObject({ valid: true, is_active: false, suspicious_drivers: [{ name: 'press.clamp' }] });
    expect(model.warnings.join()).toMatch(/press.clamp explains almost all of the energy alone/);
    await expect(service.activate(model.model_id)).rejects.toThrow(/press.clamp .* confirm_suspicious=true/);
    expect((await service.activate(model.model_id, true)).is_active).toBe(true);
    const { baselines } = await service.retrainAll(new AbortController().signal, () => {});
    expect(baselines).toMatchObject([{ version: 2, in_use: true }]);
  });
});
