import type { BaselineModel, TrainedBaseline } from '@wattkeeper/contract/analytics/baseline.ts';
import type { Adjustment, BaselineDeviation } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import type { BaselineDrivers } from '@wattkeeper/contract/analytics/baseline-drivers.ts';
import type { Calendar } from '@wattkeeper/contract/analytics/calendar.ts';
import type { AllKpis } from '@wattkeeper/contract/analytics/kpi.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

const HOURS = 60 * 24;

describe('baselines over the API', () => {
  const folder = temporaryFolder();
  let service: Service;
  beforeAll(async () => {
    service = await startService(folder.path);
    const end = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const hours = Array.from({ length: HOURS }, (_, h) => {
      const count = Math.round(50 + 40 * Math.sin(h * 2.3));
      const degrees = 8 + 9 * Math.sin(h / 60) + 4 * Math.sin(h / 3.8);
      const power = 5 + 0.4 * count + 0.9 * Math.max(12 - degrees, 0) + 0.3 * Math.sin(h * 12.9898);
      const values = { 'energy.power_kw': power, 'production.count': count, 'environment.outdoor_temp_c': degrees };
      return { device_id: 'Press', timestamp: new Date(end - (HOURS - h) * HOUR_MS).toISOString(), values };
    });
    const mains = hours.map(({ timestamp, values }) => ({
      device_id: 'Mains',
      timestamp,
      values: { 'load.power_kw': values['energy.power_kw'] + 9, 'load.voltage_v': 230 },
    }));
    expect((await postReadings(service, [...hours, ...mains])).status).toBe(202);
    await send('PATCH', '/api/v1/devices/Mains', { expected_interval_s: 3600, kind: 'meter' });
    await send('PATCH', '/api/v1/devices/Press', { kind: 'machine' });
    await send('PATCH', '/api/v1/devices/Press', { expected_interval_s: 3600 });
  });
  afterAll(async () => {
    await service.stop();
    folder.remove();
  });

  const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    service.request(path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const train = (body: object, headers?: Record<string, string>) =>
    send('POST', '/api/v1/baseline/train', { machine_id: 'Press', ...body }, headers);

  it('returns the result of a short training immediately', async () => {
    const answer = await train({ drivers: ['production_count'] });
    expect(answer.status).toBe(200);
    const model = (await answer.json()) as TrainedBaseline;
    expect(model.coefficients.production_count).toBeCloseTo(0.4, 1);
    expect(model.series.contributions_kwh.production_count).toHaveLength(model.training_samples);
  });

  it('trains a baseline for the main meter of a building, which is no machine', async () => {
    type Names = { items: { name: string; meter: string | null }[] };
    const named = async (path: string) =>
      (await service.json<Names>(path)).items.map(({ name, meter }) => `${name}: ${meter}`);
    expect(await named('/api/v1/devices?metered=true')).toEqual(['Mains: load', 'Press: energy']);
    expect(await named('/api/v1/machines')).toEqual(['Press: energy']);
    const request = { machine_id: 'Mains', model_type: 'auto' };
    const answer = await train(request, { prefer: 'respond-async' });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as Job;
    const job = () => service.json<Job>(`/api/v1/jobs/${id}`);
    await expect.poll(async () => (await job()).state).toBe('succeeded');
    expect((await job()).result).toMatchObject({ machine_name: 'Mains', training_samples: expect.any(Number) });
    const { drivers } = await service.json<BaselineDrivers>('/api/v1/baseline/drivers?machine_id=Mains&suggest=false');
    expect(drivers.map(({ name }) => name)).toEqual(['outdoor_temp_c']);
    const kpis = await service.json<AllKpis>('/api/v1/kpi/all?machine_id=Mains');
    expect(kpis).toMatchObject({ meter: 'load', kpis: { energy: { unit: 'kWh', reason: null } } });
  });

  it('stores calendars of operating modes, which are drivers of baselines', async () => {
    const path = '/api/v1/baseline/calendars';
    const period = { category: 'late shift', weekdays: [1, 2, 3, 4, 5], from_time: '14:00', to_time: '22:00' };
    const body = { name: 'Shifts', default_category: 'none', periods: [period] };
    const made = await send('POST', path, body);
    expect(made.status).toBe(201);
    const calendar = (await made.json()) as Calendar;
    expect(await service.json(path)).toEqual({ items: [calendar], next_cursor: null });
    expect((await send('POST', path, body)).status).toBe(409);
    const backwards = { ...period, from: '2026-02-02', to: '2026-02-01' };
    expect((await send('POST', path, { ...body, name: 'x', periods: [backwards] })).status).toBe(422);
    const answer = await train({ drivers: ['production_count'], categorical_drivers: ['calendar:Shifts'] });
    const model = (await answer.json()) as TrainedBaseline;
    expect(model.categorical_drivers).toMatchObject([{ name: 'calendar:Shifts', base: 'none' }]);
    expect(Object.keys(model.coefficients)).toEqual(['production_count', 'calendar:Shifts = late shift']);
    const changed = await send('PATCH', `${path}/${calendar.id}`, { default_category: 'rest' });
    expect(await changed.json()).toMatchObject({ name: 'Shifts', default_category: 'rest' });
    expect((await service.request(`${path}/${calendar.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await service.request(`${path}/${calendar.id}`, { method: 'DELETE' })).status).toBe(404);
  });

  it('trains as a job on request, and reports its outcome', async () => {
    const request = { drivers: ['production_count'], model_type: 'auto' };
    const answer = await train(request, { prefer: 'respond-async' });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as Job;
    const job = () => service.json<Job>(`/api/v1/jobs/${id}`);
    await expect.poll(async () => (await job()).state).toBe('succeeded');
    const model = (await job()).result as BaselineModel;
    expect(model).toMatchObject({ model_name: '3p_heating', is_active: true, valid: true });
    expect(model.balance_points[0]?.temperature_c).toBeCloseTo(12, 0);
    expect(await service.json(`/api/v1/baseline/model/${model.model_id}`)).toEqual(model);
    expect(await service.json('/health')).toMatchObject({ scheduler: 'running', models_loaded: 1 });
  });

  it('suggests drivers, and lists them without reading data on request', async () => {
    const path = '/api/v1/baseline/drivers?machine_id=Press';
    const { suggestion, drivers } = await service.json<BaselineDrivers>(path);
    expect(suggestion?.drivers).toEqual(['production_count', 'outdoor_temp_c']);
    expect(drivers.map(({ name }) => name)).toEqual(['production_count', 'outdoor_temp_c']);
    expect((await service.json<BaselineDrivers>(`${path}&suggest=false`)).suggestion).toBeNull();
    expect((await service.request(`${path}&suggest=perhaps`)).status).toBe(422);
  });

  it('records non-routine events with their author', async () => {
    const [start, end] = [48, 24].map((hours) => new Date(Date.now() - hours * HOUR_MS).toISOString());
    const added = await send('POST', '/api/v1/baseline/adjustments', {
      machine_id: 'Press',
      start,
      end,
      kwh: 240,
      reason: 'works',
    });
    expect(added.status).toBe(201);
    const adjustment = (await added.json()) as Adjustment;
    const deviation = () =>
      service.json<BaselineDeviation>(`/api/v1/baseline/deviation?machine_id=Press&start=${start}&end=${end}`);
    expect((await deviation()).adjustments).toEqual([adjustment]);
    expect((await deviation()).adjustment_kwh).toBeGreaterThan(200);
    const path = '/api/v1/baseline/adjustments';
    expect(await service.json(`${path}?machine_id=Press`)).toEqual({ items: [adjustment], next_cursor: null });
    expect((await service.request(`${path}/${adjustment.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await deviation()).adjustment_kwh).toBe(0);
    const { items } = await service.json<{ items: { action: string }[] }>('/api/v1/audit-log?limit=10');
    const actions = items.map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['baseline.adjust', 'baseline.adjustment_remove']));
    expect((await send('POST', path, { machine_id: 'Press', start: end, end: start, reason: 'x' })).status).toBe(422);
  });

  it('reports errors of a request by field', async () => {
    const wrong = await train({ drivers: ['moon'] });
    expect(wrong.status).toBe(422);
    expect(await wrong.json()).toMatchObject({ code: 'invalid_input', errors: [{ field: 'drivers' }] });
    expect((await train({})).status).toBe(422);
  });
});
