import type { Device } from '@wattkeeper/contract/device.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import { describe, expect, it } from 'vitest';
import { deviceDraft, devicePatch } from './device-draft.ts';
import { isUnplaced, siteDraft, sitePatch } from './site-draft.ts';

const ZONE = 'Europe/Berlin';
const NOW = Date.UTC(2026, 5, 21, 10);
const DEVICE = {
  id: 'a',
  site_id: 'home',
  name: 'Roof',
  kind: 'inverter',
  expected_interval_s: null,
  holds_s: null,
  rated_power_kw: 10,
  retired_at: null,
} as Device;

describe('the form of a device', () => {
  it('sends no change for an unchanged form', () => {
    for (const device of [DEVICE, { ...DEVICE, retired_at: '2026-03-01T12:34:56.000Z' }]) {
      const draft = deviceDraft(device, ZONE, NOW);
      expect(devicePatch(device, draft, draft, ZONE)).toEqual({});
    }
  });

  it('retires a device at a local time of the site, and reactivates it', () => {
    const draft = deviceDraft(DEVICE, ZONE, NOW);
    const retired = { ...draft, retired: true, retiredAt: '2026-06-01T00:00' };
    expect(devicePatch(DEVICE, draft, retired, ZONE)).toEqual({ retired_at: '2026-05-31T22:00:00.000Z' });
    const old = { ...DEVICE, retired_at: '2026-03-01T12:00:00.000Z' };
    const before = deviceDraft(old, ZONE, NOW);
    expect(devicePatch(old, before, { ...before, retired: false }, ZONE)).toEqual({ retired_at: null });
  });

  it('reads ratings, and an empty field as unknown', () => {
    const before = deviceDraft(DEVICE, ZONE, NOW);
    const draft = { ...before, ratedPowerKw: '', expectedIntervalS: '60', siteId: 'barn', name: ' Roof east ' };
    expect(devicePatch(DEVICE, before, draft, ZONE)).toEqual({
      name: 'Roof east',
      site_id: 'barn',
      rated_power_kw: null,
      expected_interval_s: 60,
    });
  });
});

describe('the form of a site', () => {
  it("proposes the browser's time zone for a new site and for one that its first reading created", () => {
    const made = { name: 'Home', timezone: 'UTC', latitude: null, longitude: null, is_demo: false, country: null };
    expect(isUnplaced(made)).toBe(true);
    expect(siteDraft({ ...made, currency: 'EUR' } as Site, ZONE).timezone).toBe(ZONE);
    expect(siteDraft(undefined, ZONE).timezone).toBe(ZONE);
    expect(isUnplaced({ ...made, latitude: 52 })).toBe(false);
    expect(siteDraft({ ...made, latitude: 52 } as Site, ZONE).timezone).toBe('UTC');
  });

  it('reads an empty location as none', () => {
    const draft = siteDraft(undefined, ZONE);
    expect(sitePatch({ ...draft, name: 'Barn' })).toEqual({
      name: 'Barn',
      timezone: ZONE,
      currency: 'EUR',
      latitude: null,
      longitude: null,
      country: null,
    });
    expect(sitePatch({ ...draft, latitude: '52.5', longitude: '-0', country: 'PL' })).toMatchObject({
      latitude: 52.5,
      country: 'PL',
    });
  });
});
