import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import { describe, expect, test } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { dayWindow } from '../../domain/time/site-time.ts';
import { ChargingService } from './service.ts';

const { start: DAY, end: DAY_END } = dayWindow('2026-06-15', 'Europe/Warsaw');
const hourOf = (instant: number) => (instant - DAY) / HOUR_MS;
const QUERY = { limit: 100 } as const;

/** A battery that charges with 2 kW from the grid from 2:00 to 4:00 and discharges with 1 kW from 18:00 to 21:00 to a load of 0.5 kW. */
async function nightCharger(
  now: number,
  importPrice: TariffTerms['import_price'] = { type: 'flat', price_per_kwh: 0.4 },
) {
  const world = await SiteWorld.open(now);
  const inverter = await world.device('Inverter', 'inverter', { expectedIntervalS: 300 });
  const battery = (instant: number) => {
    const hour = hourOf(instant);
    return hour >= 2 && hour < 4 ? 2 : hour >= 18 && hour < 21 ? -1 : 0;
  };
  const end = Math.min(now, DAY_END);
  await world.report(inverter, 'battery.power_kw', every(5 * MINUTE_MS, DAY, end, battery));
  await world.report(
    inverter,
    'battery.soc_percent',
    every(5 * MINUTE_MS, DAY, end, (t) => (hourOf(t) < 3 ? 30 : 70)),
  );
  await world.report(
    inverter,
    'load.power_kw',
    every(5 * MINUTE_MS, DAY, end, () => 0.5),
  );
  await world.report(
    inverter,
    'grid.power_kw',
    every(5 * MINUTE_MS, DAY, end, (t) => 0.5 + battery(t)),
  );
  await world.tariff({
    import_price: importPrice,
    export_price: { type: 'flat', price_per_kwh: 0.1 },
  });
  const service = new ChargingService({
    sessions: world.records.chargingSessions,
    devices: world.devices,
    queries: world.queries,
    energy: world.energy,
    sites: world.records.sites,
    now: () => world.now,
  });
  return { world, service, inverter };
}

describe('charging sessions', () => {
  test('are detected on request, with energy, state of charge, origin and cost', async () => {
    const { service, inverter } = await nightCharger(DAY_END + HOUR_MS);
    const { items } = await service.page(QUERY);
    expect(items).toHaveLength(2);
    expect(items[1]).toMatchObject({
      device_id: inverter.id,
      direction: 'charge',
      start_time: new Date(DAY + 2 * HOUR_MS).toISOString(),
      end_time: new Date(DAY + 4 * HOUR_MS).toISOString(),
      energy_kwh: expect.closeTo(4, 9),
      start_soc_percent: 30,
      end_soc_percent: 70,
      average_price_per_kwh: expect.closeTo(0.4, 9),
      cost: expect.closeTo(1.6, 9),
      grid_share: expect.closeTo(1, 9),
      source: 'detected',
    });
    // Half of the discharged energy supplies the load, half is exported: 1.5 kWh at 0.1.
    expect(items[0]).toMatchObject({
      direction: 'discharge',
      energy_kwh: expect.closeTo(3, 9),
      grid_share: expect.closeTo(0.5, 9),
      cost: expect.closeTo(-0.15, 9),
    });
  });

  test('detected again in any overlapping window are the same, without duplicates', async () => {
    const { world, service } = await nightCharger(DAY_END + HOUR_MS);
    const before = await service.page(QUERY);
    await service.detectSessions(world.site.id, { start: DAY + 3 * HOUR_MS, end: DAY + 19 * HOUR_MS });
    await service.detectRecent();
    expect(await service.page(QUERY)).toEqual(before);
  });

  test('that are running end with a later detection', async () => {
    const { world, service, inverter } = await nightCharger(DAY + 3 * HOUR_MS);
    const [running] = (await service.page(QUERY)).items;
    expect(running).toMatchObject({ end_time: null, energy_kwh: expect.closeTo(2, 9) });
    const power = (kw: number, from: number, to: number) =>
      every(5 * MINUTE_MS, DAY + from * HOUR_MS, DAY + to * HOUR_MS, () => kw);
    await world.report(inverter, 'battery.power_kw', power(2, 3, 4));
    await world.report(inverter, 'battery.power_kw', power(0, 4, 6));
    world.now = DAY + 6 * HOUR_MS;
    const { items } = await service.page(QUERY);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ id: running?.id, end_time: new Date(DAY + 4 * HOUR_MS).toISOString() });
    expect(items[0]?.energy_kwh).toBeCloseTo(4, 9);
  });

  test('that later readings contradict are deleted', async () => {
    const { world, service, inverter } = await nightCharger(DAY_END + HOUR_MS);
    expect((await service.page(QUERY)).items).toHaveLength(2);
    const corrected = every(5 * MINUTE_MS, DAY + 2 * HOUR_MS, DAY + 4 * HOUR_MS, () => 0);
    await world.report(inverter, 'battery.power_kw', corrected);
    await service.detectRecent();
    expect((await service.page(QUERY)).items.map(({ direction }) => direction)).toEqual(['discharge']);
  });

  test('report the share of their energy priced at the fallback', async () => {
    const dynamic = { type: 'dynamic', markup_per_kwh: 0, factor: 1, fallback_per_kwh: 0.7 } as const;
    const { world, service } = await nightCharger(DAY_END + HOUR_MS, dynamic);
    const feed = await world.device('Market', 'tariff_feed', { expectedIntervalS: 3600 });
    // A price holds for at most 2.5 intervals: until 2:30, half an hour into the charging of two hours.
    await world.report(
      feed,
      'price.import_per_kwh',
      every(HOUR_MS, DAY - HOUR_MS, DAY + HOUR_MS, () => 0.2),
    );
    const [discharged, charged] = (await service.page(QUERY)).items;
    expect(charged?.cost).toBeCloseTo(1 * 0.2 + 3 * 0.7, 9);
    expect(charged?.warnings).toEqual([
      "no price is known for 75 % of the energy of this session: the tariff's fallback applies there",
    ]);
    expect(discharged?.warnings).toEqual([]);
  });

  test('recorded by hand or with a note do not change', async () => {
    const { service, inverter } = await nightCharger(DAY_END + HOUR_MS);
    const own = await service.create({
      device_id: 'Inverter',
      direction: 'charge',
      start_time: new Date(DAY + 2 * HOUR_MS).toISOString(),
      end_time: null,
      energy_kwh: 9,
      start_soc_percent: null,
      end_soc_percent: null,
      average_price_per_kwh: null,
      cost: null,
      grid_share: null,
      note: 'by hand',
    });
    const { items } = await service.page(QUERY);
    expect(items.find(({ id }) => id === own.id)).toEqual(own);
    const discharged = items.find(({ direction }) => direction === 'discharge');
    await service.update(discharged?.id as string, { note: 'dinner' });
    await service.detectRecent();
    expect(await service.get(discharged?.id as string)).toMatchObject({ note: 'dinner', device_id: inverter.id });
  });

  test('corrected by a user are not changed by detection, whatever their new times', async () => {
    const { world, service } = await nightCharger(DAY_END + HOUR_MS);
    const { items } = await service.page(QUERY);
    const [discharged, charged] = items as [(typeof items)[0], (typeof items)[0]];
    const corrected = await service.update(discharged.id, { energy_kwh: 3.3, cost: -0.2 });
    expect(corrected).toMatchObject({ energy_kwh: 3.3, cost: -0.2, source: 'recorded' });
    // Starts an hour earlier and ends half an hour before the end by telemetry.
    const moved = await service.update(charged.id, {
      start_time: new Date(DAY + HOUR_MS).toISOString(),
      end_time: new Date(DAY + 3.5 * HOUR_MS).toISOString(),
    });
    await service.detectRecent();
    await service.detectSessions(world.site.id, { start: DAY + 3 * HOUR_MS, end: DAY_END });
    expect((await service.page(QUERY)).items).toEqual([corrected, moved]);
  });

  test('with a note are still updated by detection', async () => {
    const { world, service, inverter } = await nightCharger(DAY + 3 * HOUR_MS);
    const [running] = (await service.page(QUERY)).items;
    expect(await service.update(running?.id as string, { note: 'cheap hours' })).toMatchObject({ source: 'detected' });
    const power = (kw: number, from: number, to: number) =>
      every(5 * MINUTE_MS, DAY + from * HOUR_MS, DAY + to * HOUR_MS, () => kw);
    await world.report(inverter, 'battery.power_kw', power(2, 3, 4));
    await world.report(inverter, 'battery.power_kw', power(0, 4, 6));
    world.now = DAY + 6 * HOUR_MS;
    expect((await service.page(QUERY)).items).toMatchObject([
      { id: running?.id, note: 'cheap hours', end_time: new Date(DAY + 4 * HOUR_MS).toISOString() },
    ]);
  });

  test('of a day are those that start on it, in local time', async () => {
    const { service } = await nightCharger(DAY_END + HOUR_MS);
    const count = async (start_date: string, end_date: string) =>
      (await service.page({ ...QUERY, start_date, end_date })).items.length;
    expect(await count('2026-06-15', '2026-06-15')).toBe(2);
    expect(await count('2026-06-14', '2026-06-14')).toBe(0);
    await expect(count('2026-06-16', '2026-06-15')).rejects.toThrow(/must not be after end_date/);
    // An instant is used unchanged; as an end it is exclusive.
    const midnight = new Date(DAY).toISOString();
    expect(await count(midnight, '2026-06-15')).toBe(2);
    expect(await count('2026-06-14', midnight)).toBe(0);
    await expect(count(midnight, midnight)).rejects.toThrow(/must not be after end_date/);
  });
});
