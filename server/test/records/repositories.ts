import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { Conflict, InvalidInput, NotFound } from '../../src/domain/errors.ts';
import type { RecordStore, RecordsOptions } from '../../src/storage/records/record-store.ts';
import { type NewPlace, rawDatabase, recordsIn } from './temporary-records.ts';

const FLAT = {
  name: 'Flat',
  import_price: { type: 'flat', price_per_kwh: 0.3 },
  export_price: { type: 'none' },
  fixed_per_day: 0,
  demand_per_kw_month: 0,
} as const;

/** Guarantees of every repository, for every engine. */
export function repositoryPromises(newPlace: NewPlace): void {
  const open = async (options?: RecordsOptions): Promise<RecordStore> => recordsIn(await newPlace(), options);

  describe('repositories', () => {
    it('has exactly one default site at any time', async () => {
      const { sites } = await open();
      expect(await sites.default()).toBeUndefined();
      const home = await sites.create({ name: 'Home', timezone: 'Europe/Warsaw', latitude: 52.2 });
      expect(home).toMatchObject({ isDefault: true, isDemo: false, currency: 'EUR', latitude: 52.2, longitude: null });
      const factory = await sites.create({ name: 'Factory', isDefault: true });
      expect(await sites.default()).toEqual(factory);
      await sites.update(home.id, { isDefault: true, country: 'PL' });
      expect((await sites.list()).map((site) => [site.name, site.isDefault])).toEqual([
        ['Factory', false],
        ['Home', true],
      ]);
      await sites.remove(home.id);
      expect(await sites.ensureDefault()).toMatchObject({ name: 'Factory', isDefault: true });
    });

    it("never adds the user's devices to the demo automatically", async () => {
      const { sites } = await open();
      const demo = await sites.create({ name: 'Demo home', isDemo: true });
      expect(demo.isDefault).toBe(false);
      expect(await sites.preferred()).toEqual(demo);
      expect(await sites.ensureDefault()).toMatchObject({ name: 'Home', isDefault: true });
      expect(await sites.preferred()).toMatchObject({ name: 'Home' });
    });

    it('rejects names that are taken, unknown tariffs and impossible locations', async () => {
      const { sites } = await open();
      const home = await sites.create({ name: 'Home' });
      await sites.create({ name: 'Boat' });
      await expect(sites.create({ name: 'Home' })).rejects.toThrow(Conflict);
      await expect(sites.update(home.id, { name: 'Boat' })).rejects.toThrow(/a site named "Boat" already exists/);
      await expect(sites.update(home.id, { tariffId: 'none' })).rejects.toThrow(InvalidInput);
      await expect(sites.update('none', { name: 'Other' })).rejects.toThrow(NotFound);
      await expect(sites.create({ name: 'Moon', latitude: 200 })).rejects.toThrow(/check constraint/i);
      await expect(sites.require('Bota')).rejects.toThrow(
        'there is no site with the id or name "Bota"; known: "Boat", "Home"',
      );
      expect(await sites.require('Home')).toEqual(await sites.require(home.id));
    });

    it('never deletes a site that has devices, or a tariff that a site uses', async () => {
      const { sites, devices, tariffs } = await open();
      const tariff = await tariffs.create(FLAT);
      const site = await sites.create({ name: 'Home', tariffId: tariff.id });
      const device = await devices.create({ name: 'Meter', siteId: site.id });
      await expect(sites.remove(site.id)).rejects.toThrow(/the site has 1 device/);
      await expect(tariffs.remove(tariff.id)).rejects.toThrow(/prices the energy of "Home"/);
      await devices.remove(device.id);
      await sites.remove(site.id);
      await tariffs.remove(tariff.id);
      await expect(sites.remove(site.id)).rejects.toThrow(NotFound);
      await expect(tariffs.remove(tariff.id)).rejects.toThrow(NotFound);
    });

    it('registers a reporting device by its name, with its labels, in the default site', async () => {
      const { sites, devices } = await open();
      const changes: string[] = [];
      const stop = devices.onChange(({ type, device }) => changes.push(`${type} ${device.name}`));
      const meter = await devices.ensure('meter', { phase: '1' }, 'meter');
      expect(meter).toMatchObject({ kind: 'meter', labels: { phase: '1' }, siteId: (await sites.default())?.id });
      expect(await sites.default()).toMatchObject({ name: 'Home' });
      expect(await devices.ensure('meter', { phase: '1' }, 'battery')).toEqual(meter);
      expect(await devices.ensure(meter.id, { room: 'cellar' })).toEqual({
        ...meter,
        labels: { phase: '1', room: 'cellar' },
      });
      expect(changes).toEqual(['created meter', 'updated meter']);
      stop();
      await devices.remove(meter.id);
      expect(changes).toHaveLength(2);
      await expect(devices.ensure(' ')).rejects.toThrow(InvalidInput);
      await expect(devices.ensure('x'.repeat(201))).rejects.toThrow(InvalidInput);
    });

    it('registers many devices at once, all or none', async () => {
      const { devices } = await open();
      const registered = await devices.ensureAll([{ name: 'a' }, { name: 'b' }, { name: 'a' }]);
      expect(registered.map((device) => device.name)).toEqual(['a', 'b', 'a']);
      await expect(devices.ensureAll([{ name: 'c' }, { name: '' }])).rejects.toThrow(InvalidInput);
      expect((await devices.list()).map((device) => device.name)).toEqual(['a', 'b']);
    });

    it('limits the number of labels', async () => {
      const { devices } = await open();
      for (let i = 0; i < 70; i++) await devices.ensure('meter', { [`tag${i}`]: 'x' });
      expect(Object.keys((await devices.require('meter')).labels)).toHaveLength(64);
    });

    it('changes devices and keeps names unique', async () => {
      const { sites, devices } = await open();
      const home = await sites.create({ name: 'Home' });
      const meter = await devices.create({ name: 'Meter', siteId: home.id, expectedIntervalS: 10 });
      await devices.create({ name: 'Battery', siteId: home.id, kind: 'battery' });
      expect(await devices.update(meter.id, {})).toEqual(meter);
      expect(await devices.update(meter.id, { expectedIntervalS: null, labels: { a: 'b' } })).toMatchObject({
        expectedIntervalS: null,
        labels: { a: 'b' },
      });
      await expect(devices.update(meter.id, { name: 'Battery' })).rejects.toThrow(Conflict);
      await expect(devices.update(meter.id, { siteId: 'nowhere' })).rejects.toThrow(
        /site_id must be the id of an existing site/,
      );
      await expect(devices.create({ name: 'X', siteId: 'nowhere' })).rejects.toThrow(InvalidInput);
      await expect(devices.update('none', { name: 'Y' })).rejects.toThrow(NotFound);
      expect(await devices.list({ kind: 'battery' })).toHaveLength(1);
      expect(await devices.list({ siteId: 'nowhere' })).toEqual([]);
    });

    it('returns lists in pages without omissions', async () => {
      const { devices } = await open();
      await devices.ensureAll(Array.from({ length: 25 }, (_, i) => ({ name: `device ${String(i).padStart(2, '0')}` })));
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await devices.page({ limit: 10, cursor });
        names.push(...page.items.map((device) => device.name));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(names).toEqual((await devices.list()).map((device) => device.name));
      for (const bad of ['zzz', '%', Buffer.from('[1]').toString('base64url')]) {
        await expect(devices.page({ limit: 10, cursor: bad })).rejects.toThrow(/cursor must be the next_cursor/);
      }
    });

    it('registers series once, with the earliest instant seen', async () => {
      const { devices, series } = await open();
      const { id: deviceId } = await devices.ensure('meter');
      const power = { deviceId, metric: 'grid.power_kw', firstSeenAt: 2000 };
      expect(await series.ensure([power, { ...power, metric: 'grid.voltage_v' }])).toBe(2);
      expect(
        await series.ensure([
          { ...power, firstSeenAt: 1000 },
          { ...power, firstSeenAt: 3000 },
        ]),
      ).toBe(0);
      expect(await series.ensure([{ ...power, deviceId: 'gone' }])).toBe(0);
      expect(await series.list(deviceId)).toEqual([
        { ...power, firstSeenAt: 1000 },
        { ...power, metric: 'grid.voltage_v' },
      ]);
      await devices.remove(deviceId);
      expect(await series.list()).toEqual([]);
    });

    it('updates a metric when it is registered again', async () => {
      const { customMetrics } = await open();
      const tank = { name: 'rv.tank_percent', unit: '%', kind: 'gauge', minimum: 0, maximum: 100, sign: null } as const;
      expect(await customMetrics.register(tank)).toEqual({ ...tank, label: 'tank percent', custom: true });
      await customMetrics.register({ ...tank, label: 'Fresh water', maximum: null });
      expect(await customMetrics.list()).toEqual([{ ...tank, label: 'Fresh water', maximum: null, custom: true }]);
      expect(await customMetrics.remove(tank.name)).toBe(true);
      expect(await customMetrics.remove(tank.name)).toBe(false);
    });

    it('changes the given terms of a tariff and keeps the others', async () => {
      const { tariffs } = await open();
      const tariff = await tariffs.create(FLAT);
      await tariffs.create({ ...FLAT, name: 'Other' });
      expect((await tariffs.update(tariff.id, { fixed_per_day: 0.5, name: undefined })).terms).toEqual({
        ...FLAT,
        fixed_per_day: 0.5,
      });
      await expect(tariffs.create(FLAT)).rejects.toThrow(Conflict);
      await expect(tariffs.update(tariff.id, { name: 'Other' })).rejects.toThrow(Conflict);
      await expect(tariffs.update('none', {})).rejects.toThrow(NotFound);
      await expect(tariffs.require('Night')).rejects.toThrow(/known: "Flat", "Other"/);
    });

    it('distinguishes charging sessions by device and start', async () => {
      const { devices, chargingSessions } = await open();
      const { id: deviceId, siteId } = await devices.ensure('battery');
      const session = { deviceId, direction: 'charge', startAt: 1000, energyKwh: 3, source: 'recorded' } as const;
      const created = await chargingSessions.create({ ...session, note: 'by hand' });
      expect(created).toMatchObject({ deviceName: 'battery', siteId, endAt: null, cost: null, note: 'by hand' });
      await expect(chargingSessions.create(session)).rejects.toThrow(/has a session with the same start/);
      await expect(chargingSessions.create({ ...session, deviceId: 'x' })).rejects.toThrow(InvalidInput);
      await expect(chargingSessions.create({ ...session, startAt: 5, endAt: 5 })).rejects.toThrow(
        /end_time must be later/,
      );
      expect(await chargingSessions.running(deviceId)).toEqual(created);
      expect(await chargingSessions.upsert({ ...session, energyKwh: 9, source: 'detected' })).toEqual(created);
      expect(await chargingSessions.upsert({ ...session, energyKwh: 4 })).toEqual({
        ...created,
        energyKwh: 4,
        note: null,
      });
      expect(await chargingSessions.update(created.id, { endAt: 2000, cost: 1.5 })).toMatchObject({
        endAt: 2000,
        cost: 1.5,
      });
      await expect(chargingSessions.update(created.id, { startAt: 2000 })).rejects.toThrow(InvalidInput);
      await expect(chargingSessions.update('none', {})).rejects.toThrow(NotFound);
      expect(await chargingSessions.running(deviceId)).toBeUndefined();
      await chargingSessions.remove(created.id);
      expect(await chargingSessions.find(created.id)).toBeUndefined();
    });

    it('lists charging sessions of a window, newest first', async () => {
      const { devices, chargingSessions } = await open();
      const { id: deviceId, siteId } = await devices.ensure('battery');
      for (let startAt = 1000; startAt <= 5000; startAt += 1000) {
        await chargingSessions.create({ deviceId, direction: 'discharge', startAt, energyKwh: 1, source: 'detected' });
      }
      const first = await chargingSessions.page({ limit: 2, siteId, start: 2000, end: 5000 });
      expect(first.items.map((session) => session.startAt)).toEqual([4000, 3000]);
      const cursor = first.nextCursor ?? undefined;
      const second = await chargingSessions.page({ limit: 2, siteId, start: 2000, end: 5000, cursor });
      expect(second.items.map((session) => session.startAt)).toEqual([2000]);
      expect(second.nextCursor).toBeNull();
      expect((await chargingSessions.page({ limit: 9, siteId: 'other' })).items).toEqual([]);
    });

    it('detects concurrent changes of a setting', async () => {
      const { settings } = await open({ now: () => 7 });
      expect(await settings.get('display')).toBeUndefined();
      await settings.put('display', { language: 'en' }, 0);
      expect(await settings.put('display', { language: 'pl' }, 1)).toMatchObject({ version: 2 });
      await expect(settings.put('display', { language: 'de' }, 1)).rejects.toThrow(/is at version 2/);
      expect(await settings.get('display')).toEqual({
        key: 'display',
        value: { language: 'pl' },
        version: 2,
        updatedAt: 7,
      });
    });

    it('stores states by key', async () => {
      const { namedStates } = await open({ now: () => 7 });
      await namedStates.put('sha256:1', { row: 10 });
      await namedStates.put('sha256:1', { row: 20 });
      expect(await namedStates.list()).toEqual([{ key: 'sha256:1', state: { row: 20 }, updatedAt: 7 }]);
      expect(await namedStates.get('sha256:2')).toBeUndefined();
      expect(await namedStates.remove('sha256:1')).toBe(true);
      expect(await namedStates.remove('sha256:1')).toBe(false);
    });

    it('stores the runs of jobs, and marks those that a crash interrupted', async () => {
      let now = 1000;
      const { jobRuns } = await open({ now: () => now++ });
      const done = await jobRuns.create('daily_report');
      await jobRuns.update(done.id, { state: 'succeeded', progress: 1, result: { days: 3 }, finishedAt: 1500 });
      const cut = await jobRuns.create('daily_report');
      await jobRuns.update(cut.id, { state: 'running', startedAt: 1600, message: 'day 2 of 3' });
      expect(await jobRuns.failInterrupted('the service was stopped')).toBe(1);
      expect(await jobRuns.require(cut.id)).toMatchObject({
        state: 'failed',
        error: 'the service was stopped',
        result: null,
      });
      expect(await jobRuns.last('daily_report')).toMatchObject({ id: cut.id });
      expect(await jobRuns.lastUntil('daily_report', cut.createdAt)).toMatchObject({ id: cut.id });
      expect(await jobRuns.oldestAt()).toBeLessThanOrEqual(Math.min(cut.createdAt, done.createdAt));
      expect(await jobRuns.lastUntil('daily_report', Math.min(cut.createdAt, done.createdAt) - 1)).toBeUndefined();
      expect(await jobRuns.last('daily_report', 'succeeded')).toMatchObject({ id: done.id, result: { days: 3 } });
      expect((await jobRuns.page({ limit: 1, name: 'daily_report' })).items).toMatchObject([{ id: cut.id }]);
      expect(await jobRuns.prune(1e12)).toBe(1);
      expect(await jobRuns.find(done.id)).toBeUndefined();
      await expect(jobRuns.update(cut.id, { progress: 7 })).rejects.toThrow(/check/i);
      await expect(jobRuns.require('none')).rejects.toThrow(NotFound);
    });

    it('stores one report per site, kind and period', async () => {
      const { sites, reports } = await open();
      const { id: siteId } = await sites.ensureDefault();
      for (const day of ['2026-03-28', '2026-03-29', '2026-03-30']) await reports.put(siteId, 'daily', day, { day });
      await reports.put(siteId, 'daily', '2026-03-29', { day: 'again' });
      const query = { siteId, kind: 'daily', from: '2026-03-29' };
      expect((await reports.list(query)).map((report) => report.content)).toEqual([
        { day: 'again' },
        { day: '2026-03-30' },
      ]);
      expect(await reports.get(siteId, 'daily', '2026-03-27')).toBeUndefined();
      expect(await reports.remove({ ...query, to: '2026-03-29' })).toBe(1);
      await expect(reports.put('none', 'daily', '2026', {})).rejects.toThrow(InvalidInput);
    });

    it('never removes the last administrator', async () => {
      const { users } = await open();
      const owner = await users.create({ username: 'owner', role: 'admin', passwordHash: null });
      await expect(users.remove(owner.id)).rejects.toThrow(Conflict);
      await expect(users.update(owner.id, { role: 'viewer' })).rejects.toThrow(/last administrator/);
      const second = await users.create({ username: 'second', role: 'admin', passwordHash: null });
      await users.update(owner.id, { role: 'viewer' });
      await expect(users.remove(second.id)).rejects.toThrow(Conflict);
      await users.remove(owner.id);
      await expect(users.create({ username: 'second', role: 'viewer', passwordHash: null })).rejects.toThrow(Conflict);
    });

    it('returns the roles of sign-ins and the rights of tokens for many ids at once', async () => {
      const { users, signIns, apiTokens } = await open();
      const { id: userId } = await users.create({ username: 'holder', role: 'analyst', passwordHash: null });
      const expiresAt = Date.UTC(2030, 0);
      await signIns.create({ idHash: 'held', userId, csrfToken: 'c', createdAt: 1, lastUsedAt: 1, expiresAt });
      const mine = await apiTokens.create({
        name: 'mine',
        tokenHash: 'm',
        scopes: ['read', 'write'],
        userId,
        expiresAt,
      });
      const free = await apiTokens.create({
        name: 'free',
        tokenHash: 'f',
        scopes: ['read'],
        userId: null,
        expiresAt: null,
      });
      expect(await signIns.holders(['held', 'none'])).toEqual([{ idHash: 'held', role: 'analyst', expiresAt }]);
      expect(new Set(await apiTokens.rights([mine.id, free.id, userId]))).toEqual(
        new Set([
          { id: mine.id, scopes: ['read', 'write'], expiresAt, role: 'analyst' },
          { id: free.id, scopes: ['read'], expiresAt: null, role: null },
        ]),
      );
    });

    it('deletes the data of a removed user', async () => {
      const { users, signIns, apiTokens, layouts } = await open();
      const { id: userId } = await users.create({ username: 'ann', role: 'viewer', passwordHash: null });
      await signIns.create({ idHash: 'h', userId, csrfToken: 'c', createdAt: 1, lastUsedAt: 1, expiresAt: 9 });
      await apiTokens.create({ name: 't', tokenHash: 'th', scopes: ['read'], userId, expiresAt: null });
      await layouts.put(userId, 'now', { tiles: [] });
      await users.remove(userId);
      expect(await signIns.find('h')).toBeUndefined();
      expect(await apiTokens.list()).toEqual([]);
      expect(await layouts.get(userId, 'now')).toBeUndefined();
      await expect(layouts.put(userId, 'now', {})).rejects.toThrow(InvalidInput);
    });

    it('appends to the audit log and never changes an entry', async () => {
      const place = await newPlace();
      const { auditLog } = await recordsIn(place, { now: () => 5 });
      await auditLog.append({ actor: 'owner', action: 'sign_in' });
      await auditLog.append({ actor: 'owner', action: 'user.create', target: 'ann', detail: 'viewer' });
      const page = await auditLog.page({ limit: 1 });
      expect(page.items).toEqual([
        { id: 2, at: 5, actor: 'owner', action: 'user.create', target: 'ann', detail: 'viewer' },
      ]);
      const next = await auditLog.page({ limit: 1, cursor: page.nextCursor ?? '' });
      expect(next).toMatchObject({ items: [{ id: 1, target: null }], nextCursor: null });
      const db = rawDatabase(place);
      await expect(sql`update audit_log set actor = 'nobody'`.execute(db)).rejects.toThrow('append-only');
    });
  });
}
