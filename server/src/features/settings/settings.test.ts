import { describe, expect, it } from 'vitest';
import { ADMIN_HEADERS, browserHeaders, securedApp, signInOwner } from '../../../test/records/secured-app.ts';
import { temporaryRecords } from '../../../test/records/temporary-records.ts';
import { Unavailable } from '../../domain/errors.ts';
import { FeatureFlags } from './feature-flags.ts';
import { PersistenceChange } from './persistence-change.ts';
import { settingsRoutes } from './routes.ts';
import { SettingsService } from './service.ts';

const secured = () =>
  securedApp(async (api, { records }) => {
    const settings = await SettingsService.load(records.settings);
    const flags = await FeatureFlags.load(records.featureFlags);
    settingsRoutes(api, { settings, flags, change: new PersistenceChange(Date.now), records });
  });

describe('settings', () => {
  it('have defaults, accept partial changes, and increment their version', async () => {
    const { app, records } = await secured();
    const get = () => app.inject({ url: '/api/v1/settings', headers: ADMIN_HEADERS });
    const patch = (payload: object) =>
      app.inject({ method: 'PATCH', url: '/api/v1/settings', headers: ADMIN_HEADERS, payload });
    expect((await get()).json()).toEqual({ version: 0, language: null, thresholds: { stale_after_intervals: 5 } });
    const changed = await patch({ version: 0, language: 'pl', thresholds: { stale_after_intervals: 15 } });
    expect(changed.json()).toEqual({ version: 1, language: 'pl', thresholds: { stale_after_intervals: 15 } });
    expect((await patch({ version: 0, language: 'de' })).statusCode).toBe(409);
    expect((await patch({ language: null })).json()).toMatchObject({ version: 2, language: null });
    expect((await get()).json().thresholds.stale_after_intervals).toBe(15);
    expect((await SettingsService.load(records.settings)).get()).toMatchObject({ version: 2, language: null });
    const nothingReads = [{ units: { power: 'W' } }, { thresholds: { battery_low_percent: 10 } }];
    for (const bad of [
      { language: 'xx' },
      { thresholds: { stale_after_intervals: 0 } },
      { colour: 'red' },
      ...nothingReads,
    ]) {
      expect((await patch(bad)).statusCode).toBe(422);
    }
    const log = await records.auditLog.page({ limit: 1 });
    expect(log.items).toMatchObject([{ actor: 'token:administrator', action: 'settings.change' }]);
  });

  it('of an earlier version are read without removed fields', async () => {
    const { settings: records } = await temporaryRecords();
    await records.put(
      'installation',
      { language: 'de', units: { power: 'W' }, thresholds: { battery_low_percent: 15 } },
      0,
    );
    expect((await SettingsService.load(records)).get()).toEqual({
      version: 1,
      language: 'de',
      thresholds: { stale_after_intervals: 5 },
    });
  });
});

describe('layouts', () => {
  it('belong to one user and are limited in size', async () => {
    const { app, auth } = await secured();
    const owner = browserHeaders(await signInOwner(auth));
    const ann = await auth.users.create({ username: 'ann', password: null, role: 'viewer' }, 'owner');
    const hers = browserHeaders(await auth.signInWithCode(await auth.createSignInCode(ann.id)));
    const url = '/api/v1/settings/layouts/now';
    const patch = (headers: object, payload: object) =>
      app.inject({ method: 'PATCH', url, headers: { ...headers }, payload });
    expect((await app.inject({ url, headers: hers })).json()).toEqual({ layout: null });
    expect((await patch(hers, { layout: { tiles: ['solar'] } })).statusCode).toBe(200);
    expect((await app.inject({ url, headers: hers })).json()).toEqual({ layout: { tiles: ['solar'] } });
    expect((await app.inject({ url, headers: owner })).json()).toEqual({ layout: null });
    const large = await patch(hers, { layout: 'x'.repeat(65_535) });
    expect(large.statusCode).toBe(422);
    expect(large.json().detail).toContain('65536 bytes as JSON; got 65537');
    expect((await patch(hers, { layout: 'x'.repeat(65_534) })).statusCode).toBe(200);
    expect((await patch(hers, { layout: 'x'.repeat(200_000) })).statusCode).toBe(413);
    expect((await patch(ADMIN_HEADERS, { layout: 1 })).statusCode).toBe(403);
    const badName = await app.inject({ url: '/api/v1/settings/layouts/No%20Name', headers: hers });
    expect(badName.statusCode).toBe(422);
  });
});

describe('feature flags', () => {
  it('deactivate their dependents, state the reason, and notify listeners', async () => {
    const { featureFlags } = await temporaryRecords();
    const flags = await FeatureFlags.load(featureFlags);
    const changes: string[] = [];
    for (const name of ['analytics_dashboard', 'forecasting', 'demo'] as const)
      flags.onSwitch(name, async (active) => void changes.push(`${name} ${active ? 'on' : 'off'}`));
    expect(flags.isActive('forecasting')).toBe(true);
    await flags.set('analytics_dashboard', false);
    expect(changes).toEqual(['analytics_dashboard off', 'forecasting off']);
    expect(flags.get('forecasting')).toMatchObject({
      enabled: true,
      active: false,
      depends_on: ['analytics_dashboard'],
      reason: 'it needs "analytics_dashboard", which is off',
    });
    expect(() => flags.requireActive('forecasting')).toThrow(
      expect.objectContaining({ code: 'feature_disabled', message: expect.stringContaining('"forecasting"') }),
    );
    await flags.set('analytics_dashboard', true);
    await flags.set('forecasting', false);
    const again = await FeatureFlags.load(featureFlags, { forecasting: true, demo: false });
    expect([again.isActive('forecasting'), again.isActive('demo')]).toEqual([false, false]);
    await again.set('forecasting', true);
    expect(again.list().every((flag) => flag.reason === null)).toBe(true);
  });

  it('stay unchanged when a change cannot be applied', async () => {
    const { featureFlags } = await temporaryRecords();
    const flags = await FeatureFlags.load(featureFlags, { persistence: false });
    flags.onSwitch('persistence', () => Promise.reject(new Unavailable('the disk is full')));
    await expect(flags.set('persistence', true)).rejects.toThrow('the disk is full');
    expect(flags.isActive('persistence')).toBe(false);
    expect((await FeatureFlags.load(featureFlags)).isActive('persistence')).toBe(false);
  });

  it('are switched by administrators, and an unknown one is named in the error', async () => {
    const { app, auth } = await secured();
    const patch = (name: string, headers: object = ADMIN_HEADERS) =>
      app.inject({
        method: 'PATCH',
        url: `/api/v1/features/${name}`,
        headers: { ...headers },
        payload: { enabled: false },
      });
    expect((await patch('forecasting')).json()).toMatchObject({
      name: 'forecasting',
      enabled: false,
      active: false,
      reason: null,
    });
    const unknown = await patch('forecast');
    expect(unknown.statusCode).toBe(404);
    expect(unknown.json().detail).toMatch(
      /no feature "forecast"; there are persistence, analytics_dashboard, forecasting/,
    );
    const maker = { name: 'x', scopes: ['read', 'write'] as const, userId: null };
    const { token } = await auth.tokens.create({ name: 'w', scopes: ['read', 'write'], expiresAt: null }, maker);
    expect((await patch('forecasting', { authorization: `Bearer ${token}` })).statusCode).toBe(403);
    const list = await app.inject({ url: '/api/v1/features', headers: ADMIN_HEADERS });
    expect(list.json().items).toHaveLength(4);
  });
});
