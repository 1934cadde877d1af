import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Block } from '../domain/columns/batch.ts';
import { Unavailable } from '../domain/errors.ts';
import { FallbackJournal } from './fallback-journal.ts';
import { MAX_DAMAGE_AGE_DAYS } from './journal.ts';
import { MAX_QUARANTINED, openSqliteJournal } from './sqlite-journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wattkeeper-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const block = (value: number, rows = 1): Block => ({
  group: 'load',
  quantities: ['power_kw'],
  devices: ['a'],
  device: new Int32Array(rows),
  timestamps: Float64Array.from({ length: rows }, (_, i) => 1000 * i),
  columns: [new Float64Array(rows).fill(value)],
});
const open = () =>
  FallbackJournal.open({
    open: () => openSqliteJournal(join(folder, 'wattkeeper.db'), Date.now),
    now: Date.now,
    onChange: () => expect.fail('the disk works'),
  });
const valuesBehind = async (journal: Awaited<ReturnType<typeof open>>, after: number) =>
  (await journal.read(after, 1e9)).map(({ blocks }) => blocks[0]?.columns[0]?.[0]);

test('acknowledged batches are present after the journal is reopened', async () => {
  const first = await open();
  await Promise.all([1, 2, 3].map((value) => first.append([block(value)], [])));
  await first.close();
  const second = await open();
  expect(await valuesBehind(second, 0)).toEqual([1, 2, 3]);
  expect(second.head()).toBe(3);
  expect(await second.append([block(4)], [])).toEqual({ sequence: 4, durable: true, acceptedAt: expect.any(Number) });
  await second.close();
});

test('batches are deleted when every store has them, and sequence numbers are never reused', async () => {
  const journal = await open();
  for (const value of [1, 2, 3]) await journal.append([block(value)], []);
  await journal.advance(
    new Map([
      ['a', 3],
      ['b', 1],
    ]),
  );
  expect(await valuesBehind(journal, 0)).toEqual([2, 3]);
  await journal.advance(
    new Map([
      ['a', 3],
      ['b', 3],
    ]),
  );
  expect(await journal.stats()).toMatchObject({ batches: 0, bytes: 0, oldestAt: null });
  await journal.close();
  const reopened = await open();
  expect(await reopened.cursors()).toEqual(
    new Map([
      ['a', 3],
      ['b', 3],
    ]),
  );
  expect(await reopened.append([block(9)], [])).toMatchObject({ sequence: 4 });
  await reopened.close();
});

test('a batch has the instant of its acknowledgement, also after a crash and if memory held it before', async () => {
  let clock = 100;
  const now = () => ++clock;
  const journal = await openSqliteJournal(join(folder, 'wattkeeper.db'), now);
  const batch = (sequence: number) => ({ sequence, blocks: [block(sequence)], quarantined: [], receivedAt: now() });
  const [first, second] = [await journal.write([batch(1)]), await journal.write([batch(2)])];
  await journal.write([{ ...batch(3), acceptedAt: 90 }]);
  const expected = [first, second, 90];
  expect((await journal.read(0, 1e9)).map(({ acceptedAt }) => acceptedAt)).toEqual(expected);
  // Another connection sees the state that a crash would leave.
  const other = await openSqliteJournal(join(folder, 'wattkeeper.db'), now);
  expect((await other.read(0, 1e9)).map(({ acceptedAt }) => acceptedAt)).toEqual(expected);
  await journal.advance(new Map([['a', 1]]));
  expect((await journal.read(0, 1e9)).map(({ acceptedAt }) => acceptedAt)).toEqual(expected.slice(1));
  await other.close();
  await journal.close();
});

test('the file returns the space of deleted batches', async () => {
  const journal = await open();
  for (let i = 0; i < 20; i++) await journal.append([block(i, 100_000)], []);
  await journal.advance(new Map([['a', 20]]));
  for (let i = 0; i < 20; i++) await journal.advance(new Map([['a', 20]]));
  await journal.close();
  // 20 batches of 100,000 rows are 40 MB; empty tables take a few pages.
  expect(statSync(join(folder, 'wattkeeper.db')).size).toBeLessThan(1e6);
});

test('quarantined values are stored until they are dropped, and the same value only once', async () => {
  const journal = await open();
  const value = { deviceId: 'a', metric: 'battery.soc_percent', timestamp: 5, value: 200, reason: 'above 100 %' };
  await journal.append([], [value, { ...value, timestamp: 6 }]);
  await journal.append([], [value]);
  const entries = await journal.quarantined(10, null);
  expect(entries.map(({ timestamp }) => timestamp)).toEqual([6, 5]);
  expect(await journal.quarantined(10, entries[0]?.id ?? 0)).toHaveLength(1);
  expect(await journal.findQuarantined([entries[1]?.id ?? 0])).toMatchObject([value]);
  await journal.dropQuarantined(entries.map(({ id }) => id));
  expect(await journal.quarantined(10, null)).toEqual([]);
  await journal.close();
});

test('the quarantine has a limited number of values, also after a restart, and accepts new ones after a decision', async () => {
  const journal = await open();
  const value = { deviceId: 'a', metric: 'battery.soc_percent', value: 200, reason: 'above 100 %' };
  const values = Array.from({ length: 1000 }, (_, i) => ({ ...value, timestamp: i }));
  const appended = journal.append([], values);
  expect(journal.quarantineRoom()).toBe(MAX_QUARANTINED - 1000);
  await appended;
  await journal.append([], values);
  expect(journal.quarantineRoom()).toBe(MAX_QUARANTINED - 1000);
  await journal.close();
  const again = await open();
  expect(again.quarantineRoom()).toBe(MAX_QUARANTINED - 1000);
  await again.dropQuarantined((await again.quarantined(400, null)).map(({ id }) => id));
  expect(again.quarantineRoom()).toBe(MAX_QUARANTINED - 600);
  await again.close();
});

const damages = fc.oneof(
  fc.record({
    kind: fc.constant('flip' as const),
    share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  }),
  fc.record({ kind: fc.constantFrom('cut' as const, 'zeros' as const, 'empty' as const, 'text' as const) }),
);

type Damage = typeof damages extends fc.Arbitrary<infer T> ? T : never;

/** Changes the payloads of some entries in the file. */
function damage(path: string, hits: ReadonlyMap<number, Damage>): void {
  const file = new DatabaseSync(path);
  for (const [sequence, hit] of hits) {
    const row = file.prepare('SELECT payload FROM journal_batch WHERE sequence = ?').get(sequence);
    const bytes = row!.payload as Uint8Array;
    const at = 'share' in hit ? Math.floor(hit.share * bytes.length) : 0;
    const damaged = {
      flip: () => bytes.with(at, bytes[at]! ^ (1 << (at % 8))),
      cut: () => bytes.subarray(0, -1),
      zeros: () => new Uint8Array(bytes.length),
      empty: () => new Uint8Array(0),
      text: () => 'no bytes',
    }[hit.kind]();
    file.prepare('UPDATE journal_batch SET payload = ? WHERE sequence = ?').run(damaged, sequence);
  }
  file.close();
}

test('damaged entries are set aside and reported once, and the entries between them are read', async () => {
  const sequences = Array.from({ length: 30 }, (_, i) => i + 1);
  const hits = fc.uniqueArray(fc.tuple(fc.constantFrom(...sequences), damages), { selector: ([sequence]) => sequence });
  let round = 0;
  await fc.assert(
    fc.asyncProperty(hits, async (hits) => {
      const path = join(folder, `${++round}.db`);
      const reported: number[] = [];
      const openAt = (now: number) =>
        openSqliteJournal(
          path,
          () => now,
          null,
          ({ sequence }) => reported.push(sequence),
        );
      const first = await openAt(100);
      await first.write(
        sequences.map((sequence) => ({ sequence, blocks: [block(sequence)], quarantined: [], receivedAt: sequence })),
      );
      await first.close();
      damage(path, new Map(hits));

      const journal = await openAt(200);
      const damaged = new Set(hits.map(([sequence]) => sequence));
      const expected = sequences.map((sequence) => (damaged.has(sequence) ? undefined : sequence));
      for (const _ of ['once', 'and again'])
        expect((await journal.read(0, 1e9)).map(({ blocks }) => blocks[0]?.columns[0]?.[0])).toEqual(expected);
      expect(reported).toEqual([...damaged].toSorted((a, b) => a - b));
      const shown =
        damaged.size === 0 ? null : { batches: damaged.size, from: Math.min(...damaged), until: Math.max(...damaged) };
      expect(journal.damage()).toEqual(shown);
      await journal.advance(new Map([['a', 30]]));
      await journal.close();
      for (const [after, expected] of [
        [0, shown],
        [1, null],
      ] as const) {
        const later = await openAt(200 + MAX_DAMAGE_AGE_DAYS * UTC_DAY_MS + after);
        expect(later.damage()).toEqual(expected);
        await later.close();
      }
    }),
    { numRuns: 4 },
  );
});

test('a file that is not a database is rejected with its path', async () => {
  writeFileSync(
    join(folder, 'wattkeeper.db'),
    'this is not a database, but long enough to be looked at as one '.repeat(40),
  );
  await expect(open()).rejects.toThrow(Unavailable);
  await expect(open()).rejects.toThrow(/wattkeeper\.db/);
});

test('a closed journal reports that it is closed', async () => {
  const journal = await open();
  await journal.close();
  await expect(journal.append([block(1)], [])).rejects.toThrow(/closed/);
});
