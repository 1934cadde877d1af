import fc from 'fast-check';
import type { Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';
import { Conflict, Unavailable } from '../../src/domain/errors.ts';
import { migrateRecords, migrationsFor } from '../../src/storage/records/migrations/migrate.ts';
import { openRecords } from '../../src/storage/records/record-store.ts';
import type { RecordsLocation } from '../../src/storage/records/records-options.ts';
import { analyticsRepositoryPromises } from './analytics-repositories.ts';
import { auditRetentionPromises } from './audit-retention.ts';
import { repositoryPromises } from './repositories.ts';
import { type NewPlace, rawDatabase, recordsIn } from './temporary-records.ts';

/** Every guarantee of the `RecordStore` port, for every engine. */
export function recordStorePromises(newPlace: NewPlace): void {
  openingPromises(newPlace);
  valuePromises(newPlace);
  concurrencyPromises(newPlace);
  repositoryPromises(newPlace);
  auditRetentionPromises(newPlace);
  analyticsRepositoryPromises(newPlace);
}

const targetOf = (place: RecordsLocation) => ({
  type: place.type,
  place: 'the records',
  schema: place.type === 'postgres' ? place.schema : undefined,
});

function openingPromises(newPlace: NewPlace): void {
  describe('opening', () => {
    it('returns everything after it is closed and reopened', async () => {
      const place = await newPlace();
      const before = await openRecords(place);
      const device = await before.devices.ensure('Garage inverter', { phase: '1' }, 'inverter');
      await before.close();
      expect(await before.health()).toMatchObject({ status: 'failed', error: expect.stringMatching(/./) });
      const after = await recordsIn(place);
      expect(await after.devices.require('Garage inverter')).toEqual(device);
      expect(await after.health()).toMatchObject({ type: place.type, status: 'ok', error: null });
      expect((await after.health()).sizeBytes).toBeGreaterThan(0);
    });

    it('migrates tables of an older version with their contents, and rejects those of a newer one', async () => {
      const place = await newPlace();
      const records = await recordsIn(place);
      await records.sites.create({ name: 'Home' });
      const db = rawDatabase<{ notes: { text: string }; sites: { name: string } }>(place);
      const newer = {
        ...migrationsFor(place.type),
        '0999-notes': {
          up: async (migrated: Kysely<unknown>) => {
            await migrated.schema.createTable('notes').addColumn('text', 'text').execute();
          },
        },
      };
      await migrateRecords(db, targetOf(place), newer);
      await db.insertInto('notes').values({ text: 'kept' }).execute();
      expect(await db.selectFrom('sites').select('name').execute()).toEqual([{ name: 'Home' }]);
      await expect(openRecords(place)).rejects.toThrow(Conflict);
      await expect(openRecords(place)).rejects.toThrow(/newer version of Wattkeeper.*0999-notes.*install that version/);
    });

    it('rolls back a migration that fails', async () => {
      const place = await newPlace();
      const db = rawDatabase<unknown>(place);
      const broken = {
        '0001-broken': {
          up: async (migrated: Kysely<unknown>) => {
            await migrated.schema.createTable('half').addColumn('text', 'text').execute();
            throw new Error('the power went');
          },
        },
      };
      await expect(migrateRecords(db, targetOf(place), broken)).rejects.toThrow('the power went');
      expect((await db.introspection.getTables()).map((table) => table.name)).not.toContain('half');
      await recordsIn(place);
    });
  });
}

const INSTANT = fc.integer({ min: -8.64e15, max: 8.64e15 });
const FINITE = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const TEXT = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }).filter((text) => !text.includes('\0'));
const JSON_OBJECT = fc
  .dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

function valuePromises(newPlace: NewPlace): void {
  describe('values', () => {
    it('are returned unchanged: instants, numbers, texts, JSON, booleans and null', async () => {
      const instant = { now: 0 };
      const records = await recordsIn(await newPlace(), { now: () => instant.now });
      const property = fc.asyncProperty(
        INSTANT,
        fc.tuple(fc.option(FINITE), FINITE.map(Math.abs)),
        TEXT,
        JSON_OBJECT,
        fc.boolean(),
        async (now, [price, energyKwh], text, json, enabled) => {
          instant.now = now;
          const labels = { [text]: text };
          const device = await records.devices.ensure(`device ${text}`, labels);
          expect(await records.devices.require(device.id)).toEqual({ ...device, name: `device ${text}` });
          expect((await records.settings.put(text, json)).updatedAt).toBe(now);
          expect(await records.settings.get(text)).toMatchObject({ value: json, updatedAt: now });
          expect(await records.featureFlags.set(text, enabled)).toEqual({ name: text, enabled, updatedAt: now });
          expect(await records.featureFlags.list()).toContainEqual({ name: text, enabled, updatedAt: now });
          const session = { deviceId: device.id, startAt: now, energyKwh, averagePricePerKwh: price, note: text };
          const input = { ...session, direction: 'charge', source: 'recorded' } as const;
          const kept = await records.chargingSessions.upsert(input);
          expect(kept).toMatchObject({ ...session, endAt: null, startSocPercent: null });
          expect(await records.chargingSessions.require(kept.id)).toEqual(kept);
        },
      );
      await fc.assert(property, { numRuns: 60 });
    });

    it('sort by their bytes, whatever the locale of the machine', async () => {
      const records = await recordsIn(await newPlace());
      const names = ['a b', 'ab', 'B', 'a', 'Ä', 'Z', 'é', 'e', '_', '10', '9'];
      for (const name of names) await records.sites.create({ name });
      const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await records.sites.list()).map(({ name }) => name)).toEqual(byBytes);
    });
  });
}

function concurrencyPromises(newPlace: NewPlace): void {
  describe('concurrently', () => {
    it('runs simultaneous queries one after the other', async () => {
      const records = await recordsIn(await newPlace());
      const sites = await Promise.all(Array.from({ length: 20 }, () => records.sites.ensureDefault()));
      expect(new Set(sites.map((site) => site.id)).size).toBe(1);
    });

    it('rejects a write with a clear error while another program holds the lock for too long', async () => {
      const place = await newPlace();
      const records = await recordsIn(place, { busyTimeoutMs: 50 });
      const other = rawDatabase<unknown>(place);
      const transaction = await other.startTransaction().execute();
      await expect(records.sites.create({ name: 'Home' })).rejects.toThrow(Unavailable);
      expect(await records.health()).toMatchObject({ status: 'failed', error: expect.stringContaining('locked') });
      expect(await records.sites.list()).toEqual([]);
      await transaction.rollback().execute();
      await records.sites.create({ name: 'Home' });
    });
  });
}

/** Guarantees for records shared by several programs: on a server, but not in a file that one thread opens twice. */
export function sharedRecordsPromises(newPlace: NewPlace): void {
  describe('shared by several programs', () => {
    it('creates the tables once when several programs start together', async () => {
      const place = await newPlace();
      const opened = await Promise.all([recordsIn(place), recordsIn(place), recordsIn(place)]);
      const sites = await Promise.all(opened.map((records) => records.sites.ensureDefault()));
      expect(new Set(sites.map((site) => site.id)).size).toBe(1);
    });

    it('lets two programs change the same rows without losing or repeating a change', async () => {
      const place = await newPlace();
      const [one, two] = await Promise.all([recordsIn(place), recordsIn(place)]);
      const turns = Array.from({ length: 15 }, (_, i) => i);
      const outcome = await Promise.all(
        [one, two].flatMap((records) =>
          turns.map(async (i) => {
            const device = await records.devices.ensure(`device ${i}`, { [`label ${i % 3}`]: 'x' });
            await records.series.ensure([{ deviceId: device.id, metric: 'grid.power_kw', firstSeenAt: 1000 }]);
            await records.settings.put('counter', i);
            return device.id;
          }),
        ),
      );
      expect(new Set(outcome).size).toBe(turns.length);
      expect(await one.series.list()).toHaveLength(turns.length);
      expect(await two.settings.get('counter')).toMatchObject({ version: 2 * turns.length });
    });

    it('keeps one administrator when two resign at the same time', async () => {
      const place = await newPlace();
      const [one, two] = await Promise.all([recordsIn(place), recordsIn(place)]);
      for (let round = 0; round < 5; round++) {
        const admins = (await one.users.list()).filter(({ role }) => role === 'admin');
        while (admins.length < 2) {
          const username = `admin ${round}.${admins.length}`;
          admins.push(await one.users.create({ username, role: 'admin', passwordHash: null }));
        }
        const outcomes = await Promise.allSettled([
          one.users.update(admins[0]!.id, { role: 'viewer' }),
          two.users.update(admins[1]!.id, { role: 'viewer' }),
        ]);
        const refused = outcomes.filter(({ status }) => status === 'rejected');
        expect(refused).toMatchObject([{ reason: expect.any(Conflict) }]);
        expect((await one.users.list()).filter(({ role }) => role === 'admin')).toHaveLength(1);
      }
    });
  });
}
