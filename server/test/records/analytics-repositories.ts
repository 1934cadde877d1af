import { describe, expect, it } from 'vitest';
import { Conflict, InvalidInput, NotFound } from '../../src/domain/errors.ts';
import type { AnomalyInput } from '../../src/storage/records/analytics/anomalies.ts';
import { MAX_CALENDARS } from '../../src/storage/records/analytics/calendars.ts';
import { isTaken } from '../../src/storage/records/engine/constraint-errors.ts';
import type { RecordStore, RecordsOptions } from '../../src/storage/records/record-store.ts';
import type { Schema } from '../../src/storage/records/schema.ts';
import { type NewPlace, rawDatabase, recordsIn } from './temporary-records.ts';

/** Guarantees of the analytics repositories, for every engine. */
export function analyticsRepositoryPromises(newPlace: NewPlace): void {
  const open = async (options?: RecordsOptions): Promise<RecordStore> => recordsIn(await newPlace(), options);

  describe('analytics repositories', () => {
    it('stores calendars of sites, with names that are unique within a site', async () => {
      const { sites, calendars } = await open({ now: () => 7 });
      const [{ id: siteId }, { id: other }] = [await sites.create({ name: 'A' }), await sites.create({ name: 'B' })];
      const input = { siteId, name: 'Year', defaultCategory: 'classes', periods: [] };
      const year = await calendars.create(input);
      expect(year).toMatchObject({ ...input, createdAt: 7 });
      const far = await calendars.create({ ...input, siteId: other });
      expect(await calendars.list(siteId)).toEqual([year]);
      expect(await calendars.list()).toEqual([year, far]);
      await expect(calendars.create(input)).rejects.toThrow(Conflict);
      await expect(calendars.create({ ...input, siteId: 'none' })).rejects.toThrow(InvalidInput);
      const periods = [{ category: 'holiday', from: '2026-12-24', from_time: '00:00', to_time: '24:00' }];
      expect(await calendars.update(year.id, { periods })).toMatchObject({ name: 'Year', periods });
      await expect(calendars.update('none', { periods })).rejects.toThrow(NotFound);
      await calendars.remove(year.id);
      await expect(calendars.remove(year.id)).rejects.toThrow(NotFound);
      for (let i = 1; i < MAX_CALENDARS; i++) await calendars.create({ ...input, name: `c${i}` });
      await expect(calendars.create(input)).rejects.toThrow(/the maximum of 200 calendars/);
    });

    it('numbers the baselines of a machine, exactly one of which is active at any time', async () => {
      const { devices, baselines } = await open({ now: () => 7 });
      const { id: deviceId } = await devices.ensure('press');
      const { id: otherId } = await devices.ensure('oven');
      const first = await baselines.add(deviceId, { r_squared: 0.9 }, true);
      expect(first).toMatchObject({ deviceId, version: 1, isActive: true, model: { r_squared: 0.9 }, trainedAt: 7 });
      const invalid = await baselines.add(deviceId, { r_squared: 0.1 }, false);
      expect(invalid).toMatchObject({ version: 2, isActive: false });
      expect(await baselines.active(deviceId)).toEqual(first);
      const third = await baselines.add(deviceId, { r_squared: 0.95 }, true);
      expect(await baselines.add(otherId, {}, true)).toMatchObject({ version: 1, isActive: true });
      expect((await baselines.list(deviceId)).map(({ version, isActive }) => [version, isActive])).toEqual([
        [3, true],
        [2, false],
        [1, false],
      ]);
      expect(await baselines.activate(first.id)).toEqual(first);
      expect(await baselines.require(third.id)).toMatchObject({ isActive: false });
      await expect(baselines.add('none', {}, true)).rejects.toThrow(InvalidInput);
      await expect(baselines.activate('none')).rejects.toThrow(NotFound);
      const place = await newPlace();
      const direct = rawDatabase<Pick<Schema, 'baselines'>>(place);
      const { id } = await (await recordsIn(place)).devices.ensure('press');
      const row = { device_id: id, is_active: 1, model: '{}', trained_at: 1 };
      const twice = direct.insertInto('baselines').values([
        { ...row, id: 'a', version: 1 },
        { ...row, id: 'b', version: 2 },
      ]);
      expect(isTaken(await twice.execute().catch((error: unknown) => error))).toBe(true);
      await devices.remove(deviceId);
      expect(await baselines.list(deviceId)).toEqual([]);
    });

    it('stores adjustments of baselines by start, and deletes them with their machine', async () => {
      const { devices, baselineAdjustments } = await open({ now: () => 7 });
      const { id: deviceId } = await devices.ensure('press');
      const works = { deviceId, start: 20, end: 30, kwh: -4.5, reason: 'works', createdBy: 'ann' };
      const late = await baselineAdjustments.add(works);
      expect(late).toMatchObject({ ...works, createdAt: 7 });
      const early = await baselineAdjustments.add({ ...works, start: 10, kwh: null });
      expect(await baselineAdjustments.list(deviceId)).toEqual([early, late]);
      expect(await baselineAdjustments.list(deviceId, { start: 0, end: 20 })).toEqual([early]);
      expect(await baselineAdjustments.list(deviceId, { start: 30, end: 40 })).toEqual([]);
      await expect(baselineAdjustments.add({ ...works, deviceId: 'none' })).rejects.toThrow(InvalidInput);
      expect(await baselineAdjustments.remove(late.id)).toEqual(late);
      await expect(baselineAdjustments.remove(late.id)).rejects.toThrow(NotFound);
      await devices.remove(deviceId);
      expect(await baselineAdjustments.list(deviceId)).toEqual([]);
    });

    it('stores custom key figures by name, and deletes them with their site', async () => {
      let now = 5;
      const { sites, customKpis } = await open({ now: () => now });
      const { id: siteId } = await sites.create({ name: 'Mill' });
      const input = { name: 'b', description: '', expression: 'kpi.sec', unit: null, siteId };
      const ofSite = await customKpis.create(input);
      expect(ofSite).toMatchObject({ ...input, createdAt: 5, updatedAt: 5 });
      const ofAll = await customKpis.create({ ...input, name: 'a', siteId: null });
      expect(await customKpis.list()).toEqual([ofAll, ofSite]);
      now = 7;
      expect(await customKpis.update(ofAll.id, { unit: 'Wh/unit' })).toEqual({
        ...ofAll,
        unit: 'Wh/unit',
        updatedAt: 7,
      });
      expect(await customKpis.update(ofAll.id, { unit: null })).toMatchObject({ unit: null });
      await expect(customKpis.create(input)).rejects.toThrow(/named "b" already exists/);
      await expect(customKpis.update(ofAll.id, { name: 'b' })).rejects.toThrow(Conflict);
      await expect(customKpis.create({ ...input, name: 'c', siteId: 'none' })).rejects.toThrow(InvalidInput);
      await expect(customKpis.update('none', { name: 'c' })).rejects.toThrow(NotFound);
      await sites.remove(siteId);
      expect(await customKpis.list()).toMatchObject([{ id: ofAll.id }]);
      await customKpis.remove(ofAll.id);
      await expect(customKpis.remove(ofAll.id)).rejects.toThrow(NotFound);
      for (let i = 0; i < 200; i++) await customKpis.create({ ...input, name: `k${i}`, siteId: null });
      await expect(customKpis.create({ ...input, siteId: null })).rejects.toThrow(
        /the maximum of 200 custom key figures/,
      );
    });

    it('stores the newest forecast of each kind for a device and for its site', async () => {
      let now = 5;
      const { devices, forecasts } = await open({ now: () => now });
      const { id: deviceId, siteId } = await devices.ensure('press');
      const [ofDevice, ofSite] = [
        { siteId, deviceId },
        { siteId, deviceId: null },
      ];
      await forecasts.put(ofDevice, 'demand 24h', { kw: [1] });
      await forecasts.put(ofSite, 'demand 24h', { kw: [9] });
      now = 7;
      const newer = await forecasts.put(ofDevice, 'demand 24h', { kw: [2] });
      expect(newer).toEqual({ ...ofDevice, kind: 'demand 24h', content: { kw: [2] }, madeAt: 7 });
      expect(await forecasts.get(ofDevice, 'demand 24h')).toEqual(newer);
      expect(await forecasts.get(ofSite, 'demand 24h')).toMatchObject({ content: { kw: [9] } });
      expect(await forecasts.get(ofDevice, 'demand 7d')).toBeUndefined();
      expect(await forecasts.count(['demand 24h', 'demand 7d'])).toBe(2);
      expect(await forecasts.count(['demand 7d'])).toBe(0);
      await expect(forecasts.put({ siteId, deviceId: 'none' }, 'demand 24h', {})).rejects.toThrow(InvalidInput);
      await devices.remove(deviceId);
      expect(await forecasts.get(ofDevice, 'demand 24h')).toBeUndefined();
    });

    it('recognises a stored anomaly instead of adding it twice, and keeps the labels and comments of users', async () => {
      let now = 100;
      const { devices, anomalies } = await open({ now: () => now++ });
      const { id: deviceId } = await devices.ensure('press');
      const found: AnomalyInput = {
        ...{ deviceId, type: 'power_spike', severity: 'warning', metric: 'load.power_kw', startAt: 10, endAt: 20 },
        ...{ value: 9.5, expectedValue: 4, confidence: 0.8, reasons: ['hour_of_day'] },
      };
      const spike = await anomalies.put(found);
      expect(spike).toMatchObject({ ...found, detectedAt: 101, resolvedAt: null });
      expect(await anomalies.note(spike.id, { actor: 'ann', kind: 'label', text: 'cleaning' })).toEqual(spike);
      const resolved = await anomalies.note(spike.id, { actor: 'ann', kind: 'resolved', text: null });
      expect(resolved).toEqual({ ...spike, resolvedAt: 103 });
      expect(await anomalies.put({ ...found, endAt: 30, severity: 'critical' })).toEqual({
        ...resolved,
        endAt: 30,
        severity: 'critical',
      });
      for (const startAt of [40, 50]) await anomalies.put({ ...found, startAt, endAt: startAt, expectedValue: null });
      const active = await anomalies.page({ limit: 1, deviceId, active: true });
      expect(active.items).toMatchObject([{ startAt: 50 }]);
      const cursor = active.nextCursor ?? '';
      expect(await anomalies.page({ limit: 9, deviceId, active: true, cursor })).toMatchObject({
        items: [{ startAt: 40, expectedValue: null }],
        nextCursor: null,
      });
      expect((await anomalies.page({ limit: 9, severity: 'critical', start: 10 })).items).toHaveLength(1);
      expect((await anomalies.note(spike.id, { actor: 'bob', kind: 'reopened', text: 'again' })).resolvedAt).toBeNull();
      expect((await anomalies.events(spike.id)).map(({ actor, kind, text }) => [actor, kind, text])).toEqual([
        ['ann', 'label', 'cleaning'],
        ['ann', 'resolved', null],
        ['bob', 'reopened', 'again'],
      ]);
      expect(await anomalies.count({ deviceId })).toBe(3);
      expect(await anomalies.count({ deviceId, type: 'drop' })).toBe(0);
      expect((await anomalies.page({ limit: 9, deviceId, start: 31, end: 50 })).items).toMatchObject([{ startAt: 40 }]);
      expect((await anomalies.page({ limit: 9, start: 30 })).items).toMatchObject([{ startAt: 50 }, { startAt: 40 }]);
      expect((await anomalies.page({ limit: 9, deviceIds: [deviceId] })).items).toHaveLength(3);
      expect(await anomalies.page({ limit: 9, deviceIds: [] })).toEqual({ items: [], nextCursor: null });
      await anomalies.note(spike.id, { actor: 'ann', kind: 'label', text: 'wrong' });
      expect(await anomalies.labelled(deviceId)).toEqual([
        { metric: 'load.power_kw', type: 'power_spike', reasons: ['hour_of_day'], label: 'wrong' },
      ]);
      const grown = { ...found, type: 'efficiency_drop', startAt: 5, endAt: 60 };
      expect(await anomalies.update(spike.id, grown)).toMatchObject({ id: spike.id, ...grown, detectedAt: 101 });
      await expect(anomalies.update(spike.id, { ...found, startAt: 50, endAt: 50 })).rejects.toThrow(Conflict);
      await expect(anomalies.update('none', found)).rejects.toThrow(NotFound);
      await anomalies.note(spike.id, { actor: 'ann', kind: 'resolved', text: null });
      const [later] = (await anomalies.page({ limit: 1, deviceId })).items;
      await anomalies.note(later?.id ?? '', { actor: 'bob', kind: 'comment', text: 'mine' });
      await anomalies.absorb(spike.id, [later?.id ?? '']);
      expect((await anomalies.require(spike.id)).resolvedAt).toBeNull();
      expect((await anomalies.events(spike.id)).at(-1)).toMatchObject({ actor: 'bob', text: 'mine' });
      await expect(anomalies.require(later?.id ?? '')).rejects.toThrow(NotFound);
      await expect(anomalies.absorb('none', [spike.id])).rejects.toThrow(NotFound);
      expect(await anomalies.count({ deviceId })).toBe(2);
      const first = await anomalies.note(spike.id, { actor: 'ann', kind: 'resolved', text: null });
      expect(await anomalies.note(spike.id, { actor: 'bob', kind: 'resolved', text: 'as well' })).toEqual(first);
      await expect(anomalies.put({ ...found, deviceId: 'none' })).rejects.toThrow(InvalidInput);
      await expect(anomalies.put({ ...found, confidence: 2 })).rejects.toThrow(/check/i);
      await expect(anomalies.note('none', { actor: 'ann', kind: 'comment', text: '' })).rejects.toThrow(NotFound);
      await devices.remove(deviceId);
      expect(await anomalies.count({})).toBe(0);
    });
  });
}
