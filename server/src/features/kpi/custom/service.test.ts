import { CustomKpiCreate } from '@wattkeeper/contract/analytics/custom-kpi.ts';
import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { every, SiteWorld, samples } from '../../../../test/energy/site-world.ts';
import { ADMIN_HEADERS, securedApp } from '../../../../test/records/secured-app.ts';
import { Conflict, InvalidInput, NotFound } from '../../../domain/errors.ts';
import { dayWindow } from '../../../domain/time/site-time.ts';
import { KpiService } from '../service.ts';
import { customKpiRoutes } from './routes.ts';
import { CustomKpiService } from './service.ts';

const ZONE = 'Europe/Warsaw';
/** A day of 23 hours. */
const SHORT_DAY = dayWindow('2026-03-29', ZONE);
const NOW = Date.UTC(2026, 3, 2);
const iso = (instant: number) => new Date(instant).toISOString();
const DAY = { start: iso(SHORT_DAY.start), end: iso(SHORT_DAY.end) };

/** 10 kW, and 40 kW for half an hour: 245 kWh in 23 hours; 460 units; a counter of 50 pallets; −5 °C, measured by another device. */
async function plant() {
  const site = await SiteWorld.open(NOW, { timezone: ZONE, emissionFactorKgPerKwh: 0.45 });
  const { queries, devices, energy, records, catalogue } = site;
  const now = () => site.now;
  const kpis = new KpiService({ queries, devices, energy, now });
  const service = new CustomKpiService({
    records: records.customKpis,
    kpis,
    queries,
    devices,
    sites: records.sites,
    catalogue,
    now,
  });
  const press = await site.device('Press', 'machine', { expectedIntervalS: 60 });
  const peak = Date.parse('2026-03-29T10:00:00+02:00');
  const power = (at: number) => (at >= peak && at < peak + 30 * MINUTE_MS ? 40 : 10);
  const { start, end } = SHORT_DAY;
  await site.report(press, 'energy.power_kw', every(MINUTE_MS, start, end, power));
  const quarters = every(15 * MINUTE_MS, start, end, () => 5);
  await site.report(press, 'production.count', quarters);
  await site.report(press, 'packing.pallets_total', samples([start, 100], [end - HOUR_MS, 140], [end - 1, 150]));
  const pallets = {
    label: 'Pallets',
    unit: 'pallets',
    kind: 'counter',
    minimum: null,
    maximum: null,
    sign: null,
  } as const;
  catalogue.register({ ...pallets, name: 'packing.pallets_total', custom: true });
  const station = await site.device('Station', 'meter', { expectedIntervalS: 900 });
  await site.report(
    station,
    'environment.outdoor_temp_c',
    every(15 * MINUTE_MS, start, end, () => -5),
  );
  const create = (given: Partial<CustomKpiCreate>) =>
    service.create(CustomKpiCreate.parse({ name: 'Energy per pallet', expression: 'kpi.energy', ...given }));
  const tried = async (expression: string, query: object = {}) => {
    const request = { expression, unit: null, site_id: null, machine_id: 'Press', ...DAY, ...query };
    return service.preview(request);
  };
  return { site, service, catalogue, press, station, create, tried, pallets };
}

describe('a custom key figure of a machine on a day of 23 hours', () => {
  it.each([
    ['kpi.energy / sum(packing.pallets_total)', 4.9, 'kWh/pallets'],
    ['energy(energy.power_kw) / sum(production.count)', 245 / 460, 'kWh/unit'],
    ['kpi.energy / kpi.production - kpi.sec', 0, 'kWh/unit'],
    ['mean(energy.power_kw) / max(energy.power_kw)', 245 / 23 / 40, ''],
    ['kpi.mean_power / kpi.peak_demand - kpi.load_factor', 0, ''],
    ['min(energy.power_kw) * hours()', 230, 'kWh'],
    ['mean(production.count)', 5, 'units', null],
    ['last(packing.pallets_total)', 150, 'pallets', null],
    ['0.45 kg/kWh * kpi.energy - kpi.carbon', 0, 'kg'],
    ['kpi.carbon_intensity', 0.45, 'kg/kWh'],
    // Without a tariff: 0.20 from 08:00 to 20:00, else 0.10.
    ['kpi.energy_cost / kpi.energy', (135 * 0.2 + 110 * 0.1) / 245, 'PLN/kWh'],
    ['kpi.energy_cost - 8 PLN', 30, 'PLN'],
    ['kpi.energy / (18 °C - mean(environment.outdoor_temp_c))', 245 / 23, 'kWh/K'],
  ])('%s agrees with a calculation by hand', async (expression, value, unit, coverage: number | null = 1) => {
    const { tried } = await plant();
    expect(await tried(expression)).toEqual({
      error: null,
      value: expect.closeTo(value, 9),
      unit,
      reason: null,
      coverage,
      warnings: [],
    });
  });

  it('is stored, shown in the chosen unit, changed and deleted', async () => {
    const { service, create } = await plant();
    const made = await create({ expression: 'kpi.energy / kpi.production', unit: 'Wh/unit', description: 'Pressing' });
    expect(made).toMatchObject({ result_unit: 'Wh/unit', problem: null, site_id: null, description: 'Pressing' });
    expect(await service.list()).toEqual([made]);
    expect(await service.value(made.id, { machine_id: 'Press', ...DAY })).toMatchObject({
      name: 'Energy per pallet',
      machine_name: 'Press',
      time_period: { hours: 23 },
      value: expect.closeTo(245_000 / 460, 6),
      unit: 'Wh/unit',
      coverage: 1,
    });
    const changed = await service.update(made.id, { unit: null, name: 'SEC' });
    expect(changed).toMatchObject({ name: 'SEC', expression: made.expression, unit: null, result_unit: 'kWh/unit' });
    await expect(service.update(made.id, { unit: '°C' })).rejects.toThrow(/"°C" does not fit.* kWh\/unit/);
    await expect(create({ name: 'SEC' })).rejects.toThrow(Conflict);
    await service.remove(made.id);
    await expect(service.get(made.id)).rejects.toThrow(NotFound);
    await expect(service.value(made.id, { machine_id: 'Press' })).rejects.toThrow(NotFound);
  });

  it('gives the reason for a missing value, and its coverage', async () => {
    const { tried } = await plant();
    expect(await tried('kpi.energy / (kpi.production - 460 unit)')).toMatchObject({
      value: null,
      unit: 'kWh/unit',
      reason: 'the divisor in column 12 is zero',
    });
    const half = { start: iso(SHORT_DAY.end - 6 * HOUR_MS), end: iso(SHORT_DAY.end + 6 * HOUR_MS) };
    expect(await tried('energy(energy.power_kw) + kpi.energy', half)).toMatchObject({
      value: expect.closeTo(120, 6),
      coverage: expect.closeTo(0.5, 2),
      warnings: expect.arrayContaining([
        expect.stringMatching(/^energy\.power_kw is known for 50\.\d % of this window$/),
      ]),
    });
    const later = { start: iso(SHORT_DAY.end + 6 * HOUR_MS), end: iso(SHORT_DAY.end + 9 * HOUR_MS) };
    expect(await tried('kpi.energy', later)).toMatchObject({
      value: null,
      reason: expect.stringMatching(/not known/),
    });
    expect(await tried('max(energy.power_kw)', later)).toMatchObject({
      value: null,
      reason: 'energy.power_kw is not known in this window',
      coverage: 0,
    });
    expect(await tried('last(battery.soc_percent)')).toMatchObject({
      value: null,
      reason: expect.stringMatching(/^battery\.soc_percent is reported neither by the machine/),
    });
    expect(await tried('kpi.energy', { machine_id: 'Station' })).toMatchObject({
      value: null,
      reason: 'Station does not report its consumption',
    });
    expect(await tried('1 + 1')).toMatchObject({ value: 2, coverage: null });
    const future = { start: iso(NOW + HOUR_MS), end: iso(NOW + 2 * HOUR_MS) };
    expect(await tried('1 / hours()', future)).toMatchObject({ value: null, reason: expect.stringMatching(/zero/) });
  });

  it('uses the weather of the site’s other devices, but not their production', async () => {
    const { tried } = await plant();
    const station = { machine_id: 'Station' };
    expect(await tried('mean(environment.outdoor_temp_c)')).toMatchObject({ value: -5, unit: '°C' });
    expect(await tried('sum(production.count)', station)).toMatchObject({ value: null });
  });

  it('is rejected with the column of the error', async () => {
    const { create, service, tried } = await plant();
    const wrong = 'kpi.energy + mean(environment.outdoor_temp_c)';
    const detail = '+ has kWh on its left and °C on its right; allowed are two values of one kind of unit';
    await expect(create({ expression: wrong })).rejects.toMatchObject({
      fields: [{ field: 'expression', detail: `column 12: ${detail}` }],
    });
    await expect(create({ expression: wrong })).rejects.toThrow(InvalidInput);
    expect(await service.list()).toEqual([]);
    expect(await tried(wrong)).toMatchObject({ error: { field: 'expression', column: 12, detail }, value: null });
    expect(await tried('kpi.energy +')).toMatchObject({ error: { column: 13 } });
    expect(await tried('kpi.energy', { unit: 'h' })).toMatchObject({
      error: { field: 'unit', column: null, detail: expect.stringMatching(/"h" does not fit/) },
    });
    expect(await service.preview({ expression: 'kpi.energy * 2', unit: '', site_id: null })).toMatchObject({
      error: null,
      unit: 'kWh',
      value: null,
    });
    await expect(tried('kpi.energy', { start: DAY.end, end: DAY.start })).rejects.toThrow(InvalidInput);
    await expect(create({ site_id: '00000000-0000-4000-8000-000000000000' })).rejects.toThrow(NotFound);
  });

  it('reports an error after the unit of a metric has changed', async () => {
    const { create, service, catalogue, pallets } = await plant();
    const { id } = await create({ expression: 'kpi.energy + 2 kWh/pallets * sum(packing.pallets_total)' });
    catalogue.register({ ...pallets, name: 'packing.pallets_total', unit: 'kg', custom: true });
    expect(await service.get(id)).toMatchObject({ result_unit: null, problem: expect.stringMatching(/^column/) });
    expect(await service.value(id, { machine_id: 'Press', ...DAY })).toMatchObject({
      value: null,
      unit: null,
      reason: expect.stringMatching(/^column/),
    });
  });

  it('belongs to a site and uses its currency', async () => {
    const { create, service, site, tried } = await plant();
    const { id: berlin } = await site.records.sites.create({ name: 'Berlin', currency: 'EUR' });
    const fee = 'kpi.energy_cost + 5 EUR';
    await expect(create({ expression: fee })).rejects.toThrow(/¤ on its left and EUR on its right/);
    const { id, result_unit } = await create({ expression: fee, site_id: berlin });
    expect(result_unit).toBe('EUR');
    await expect(service.value(id, { machine_id: 'Press' })).rejects.toThrow(/must be a machine of the site Berlin/);
    await create({ name: 'Everywhere', expression: 'kpi.energy / hours()' });
    expect(await service.values({ machine_id: 'Press', ...DAY })).toMatchObject([
      { name: 'Everywhere', value: expect.closeTo(245 / 23, 9), unit: 'kW' },
    ]);
    // Złoty apply to a machine in Warsaw, but not to every machine.
    expect(await tried('kpi.energy_cost + 5 PLN')).toMatchObject({ error: { column: 17 } });
    expect(await tried('kpi.energy_cost + 5 PLN', { site_id: site.site.id })).toMatchObject({
      error: null,
      unit: 'PLN',
    });
    await site.records.sites.remove(berlin);
    await expect(service.get(id)).rejects.toThrow(NotFound);
  });
});

describe('the API of custom key figures', () => {
  async function served() {
    const { service } = await plant();
    const { app, auth, records } = await securedApp((api) => customKpiRoutes(api, service));
    const send = async (
      method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
      url: string,
      payload?: object,
      headers = ADMIN_HEADERS,
    ) => {
      const answer = await app.inject({
        method,
        url: `/api/v1/kpi/custom${url}`,
        headers,
        ...(payload && { payload }),
      });
      return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() };
    };
    return { send, auth, records };
  }

  it('creates, lists, changes, evaluates and deletes them', async () => {
    const { send } = await served();
    const given = { name: 'SEC', expression: 'kpi.energy / kpi.production' };
    const { status, body } = await send('POST', '', given);
    expect([status, body]).toEqual([201, expect.objectContaining({ ...given, unit: null, result_unit: 'kWh/unit' })]);
    expect((await send('GET', '')).body).toEqual({ items: [body], next_cursor: null });
    const { body: values } = await send('GET', `/values?machine_id=Press&start=${DAY.start}&end=${DAY.end}`);
    expect(values.items).toMatchObject([{ id: body.id, value: expect.closeTo(245 / 460, 9) }]);
    expect((await send('PATCH', `/${body.id}`, { description: 'x' })).body).toMatchObject({
      ...given,
      description: 'x',
    });
    const { body: value } = await send('GET', `/${body.id}/value?machine_id=Press&start=${DAY.start}&end=${DAY.end}`);
    expect(value).toMatchObject({ value: expect.closeTo(245 / 460, 9), unit: 'kWh/unit', reason: null, warnings: [] });
    expect((await send('POST', '/preview', { expression: '1 +' })).body).toMatchObject({ error: { column: 4 } });
    expect(await send('DELETE', `/${body.id}`)).toEqual({ status: 204, body: null });
    expect((await send('GET', `/${body.id}`)).status).toBe(404);
  });

  it('answers an invalid request with a problem that names the field', async () => {
    const { send } = await served();
    const { status, body } = await send('POST', '', { name: 'x', expression: 'kpi.energy + 1 h' });
    expect(status).toBe(422);
    const detail = expect.stringMatching(/^column 12: \+ has kWh/);
    expect(body).toMatchObject({ code: 'invalid_input', detail, errors: [{ field: 'expression', detail }] });
    for (const wrong of [
      { name: 'x' },
      { name: '', expression: '1' },
      { name: 'x', expression: 'x'.repeat(501) },
      { name: 'x', expression: '1', colour: 'red' },
    ]) {
      expect((await send('POST', '', wrong)).status).toBe(422);
    }
    expect((await send('GET', '/none')).status).toBe(422);
  });

  it('allows read access to preview, but not to store', async () => {
    const { send, auth } = await served();
    const maker = { name: 'x', scopes: ['read', 'write'] as const, userId: null };
    const { token } = await auth.tokens.create({ name: 'reader', scopes: ['read'], expiresAt: null }, maker);
    const reader = { authorization: `Bearer ${token}` };
    const { body } = await send('POST', '', { name: 'SEC', expression: 'kpi.sec' });
    expect((await send('POST', '', { name: 'x', expression: '1' }, reader)).status).toBe(403);
    expect((await send('PATCH', `/${body.id}`, { name: 'x' }, reader)).status).toBe(403);
    expect((await send('DELETE', `/${body.id}`, undefined, reader)).status).toBe(403);
    expect((await send('GET', '', undefined, reader)).status).toBe(200);
    expect((await send('GET', `/${body.id}/value?machine_id=Press`, undefined, reader)).status).toBe(200);
    expect((await send('POST', '/preview', { expression: '1' }, reader)).status).toBe(200);
    expect((await send('GET', '', undefined, { authorization: 'Bearer none' })).status).toBe(401);
  });
});
