import { expect, test } from 'vitest';
import { temporaryRecords } from '../../../test/records/temporary-records.ts';
import { Places } from './places.ts';

const WORKS = { name: 'Works', timezone: 'Europe/Warsaw', currency: 'PLN', country: 'PL', latitude: 52, longitude: 21 };
const request = {
  site: WORKS,
  timezone: 'UTC',
  devices: [{ name: 'Press', kind: 'machine' as const }],
  dry_run: false,
};

test('an import creates the site and the devices of the mapping once, and a dry run creates nothing', async () => {
  const records = await temporaryRecords();
  const places = new Places(records);
  const dry = await places.place({ ...request, dry_run: true });
  expect(dry).toMatchObject({
    site: { id: null, created: true },
    devices: [{ id: null, kind: 'machine', created: true }],
  });
  expect(await records.sites.list()).toEqual([]);
  const made = await places.place(request);
  expect(await records.sites.require('Works')).toMatchObject({ ...WORKS, id: made.site.id, isDefault: true });
  expect(await records.devices.require('Press')).toMatchObject({ kind: 'machine', siteId: made.site.id });
  expect(await places.place(request)).toEqual({
    site: { ...made.site, created: false },
    devices: [{ ...made.devices[0], created: false }],
  });
});

test('an unused site that the service created automatically is renamed to that of the mapping', async () => {
  const records = await temporaryRecords();
  const places = new Places(records);
  const invented = await records.sites.ensureDefault();
  expect((await places.place(request)).site).toMatchObject({ id: invented.id, name: 'Works', created: true });
  const other = await temporaryRecords();
  await other.devices.ensure('Meter');
  expect((await new Places(other).place(request)).site.id).not.toBe((await other.sites.require('Home')).id);
});

test('a mapping without a site creates one in the time zone of its timestamps if no site is in use', async () => {
  const records = await temporaryRecords();
  await records.sites.ensureDefault();
  const unnamed = { ...request, site: null, timezone: 'Australia/Brisbane' };
  expect((await new Places(records).place(unnamed)).site).toMatchObject({
    timezone: 'Australia/Brisbane',
    created: true,
  });
  expect(await records.sites.list()).toHaveLength(1);
});

test('a known site with another time zone and a device of another site are rejected', async () => {
  const records = await temporaryRecords();
  const places = new Places(records);
  await places.place(request);
  const elsewhere = { ...WORKS, timezone: 'Asia/Tokyo' };
  await expect(places.place({ ...request, site: elsewhere })).rejects.toThrow('has the timezone Europe/Warsaw');
  const second = { ...WORKS, name: 'Second works' };
  await expect(places.place({ ...request, site: second })).rejects.toThrow(
    'the device "Press" belongs to the site "Works"',
  );
  expect((await places.place({ ...request, site: null })).devices).toMatchObject([{ name: 'Press', created: false }]);
});

test('a device registered automatically without a kind takes that of the mapping; a stated kind stays', async () => {
  const records = await temporaryRecords();
  const places = new Places(records);
  const { id: siteId } = await records.sites.create(WORKS);
  await records.devices.create({ name: 'Press', siteId });
  await records.devices.create({ name: 'Meter', siteId, kind: 'meter' });
  const devices = ['Press', 'Meter'].map((name) => ({ name, kind: 'machine' as const }));
  expect((await places.place({ ...request, devices })).devices.map(({ kind }) => kind)).toEqual(['machine', 'meter']);
});
