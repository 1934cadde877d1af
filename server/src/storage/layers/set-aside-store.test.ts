import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batch, type Row, rowsOf } from '../../../test/conformance/telemetry-blocks.ts';
import type { Batch } from '../../domain/columns/batch.ts';
import { Conflict, Unavailable } from '../../domain/errors.ts';
import type { TelemetryStore } from '../backend.ts';
import { backfill } from '../backfill/backfill.ts';
import { MemoryStore } from '../memory/memory-store.ts';
import { SetAside } from '../set-aside/set-aside.ts';
import { MAX_ATTEMPTS, MAX_CRASHES } from './delivery.ts';
import { SetAsideStore } from './set-aside-store.ts';

const forever = { spanMs: Number.POSITIVE_INFINITY, maxBytes: 64 * 2 ** 20 };
const DEVICES = ['d0', 'd1', 'd2'];
const QUANTITIES = ['a', 'b', 'c'];
const NEVER = new AbortController().signal;

/** Decides about each value of a write; the engine accepts or rejects a write as a whole. */
type Rule = (device: string, quantity: string, value: number) => Error | null;

/** A store in memory whose engine rejects values by a rule. */
class Ruled extends MemoryStore {
  rule: Rule = () => null;
  writes = 0;

  override async write(batches: readonly Batch[]): Promise<void> {
    this.writes++;
    for (const { blocks } of batches) {
      for (const block of blocks) {
        for (const [c, column] of block.columns.entries()) {
          for (const [row, value] of column.entries()) {
            const error = value === value && this.rule(block.devices[block.device[row]!]!, block.quantities[c]!, value);
            if (error) throw error;
          }
        }
      }
    }
    await super.write(batches);
  }
}

describe('a store that sets aside values its engine can never accept', () => {
  let folder = '';
  let setAside: SetAside;
  let engine: Ruled;
  let store: SetAsideStore;
  const reasons: string[] = [];
  const open = async (maxBytes?: number) => {
    setAside = await SetAside.open(join(folder, 'set-aside.db'), maxBytes);
    store = new SetAsideStore(engine, {
      name: 'engine',
      setAside,
      now: () => 1000,
      onSetAside: (_, reason) => reasons.push(reason),
    });
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'set-aside-'));
    engine = new Ruled(forever);
    reasons.length = 0;
    await open();
  });
  afterEach(async () => {
    await setAside.close();
    rmSync(folder, { recursive: true });
  });
  const everything = (from: TelemetryStore) => rowsOf(from, 'g', DEVICES, QUANTITIES);

  it('reads like one that accepts everything, and stores all but the rejected values, whatever is written, rejected, retried and restarted', async () => {
    const rows = fc.array(
      fc.tuple(
        fc.constantFrom(...DEVICES),
        fc.integer({ min: 0, max: 12 }),
        fc.dictionary(fc.constantFrom(...QUANTITIES), fc.integer({ min: 0, max: 9 }), { minKeys: 1 }),
      ),
      { minLength: 1, maxLength: 8 },
    );
    const rejected = fc.record({
      series: fc.subarray(DEVICES.flatMap((device) => QUANTITIES.map((quantity) => `${device} ${quantity}`))),
      above: fc.integer({ min: 5, max: 10 }),
    });
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ write: fc.array(rows, { minLength: 1, maxLength: 4 }) }) },
      { weight: 2, arbitrary: fc.record({ erase: rows }) },
      { weight: 2, arbitrary: fc.record({ rejected }) },
      { weight: 1, arbitrary: fc.constantFrom('retry' as const, 'restart' as const, 'allow' as const) },
    );
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
      const reference = new MemoryStore(forever);
      await store.deleteBefore(Number.MAX_SAFE_INTEGER, null);
      engine.rule = () => null;
      for (const one of steps) {
        if (one === 'retry') await store.retry(NEVER);
        else if (one === 'allow') engine.rule = () => null;
        else if (one === 'restart') {
          await setAside.close();
          await open();
        } else if ('rejected' in one) {
          const { series, above } = one.rejected;
          engine.rule = (device, quantity, value) =>
            series.includes(`${device} ${quantity}`) || value >= above ? new Conflict(`no ${value}`) : null;
        } else {
          const batches = ('write' in one ? one.write : [one.erase]).map((given) => batch('g', given as Row[]));
          for (const target of [reference, store]) {
            if ('write' in one) await target.write(batches);
            else await target.erase(batches.flatMap(({ blocks }) => blocks));
          }
        }
        expect(await everything(store)).toEqual(await everything(reference));
        const key = (value: object) => JSON.stringify(value);
        expect((await store.latest(0)).map(key).sort()).toEqual((await reference.latest(0)).map(key).sort());
      }
      engine.rule = () => null;
      const { tried, taken } = await store.retry(NEVER);
      expect(taken).toBe(tried);
      expect(await everything(engine)).toEqual(await everything(reference));
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it('sets aside single values, not the rows around them', async () => {
    engine.rule = (_, quantity, value) => (quantity === 'b' && value === 77 ? new Conflict('no 77') : null);
    const rows = Array.from({ length: 300 }, (_, i): Row => [DEVICES[i % 3]!, i, { a: i, b: i, c: i }]);
    await store.write([batch('g', rows.slice(0, 150)), batch('g', rows.slice(150)), batch('h', rows)]);
    expect(store.totals()).toMatchObject({ values: 2, reason: 'no 77' });
    expect((await everything(engine)).flat().filter((value) => value === 77)).toHaveLength(2 + 1);
    expect(reasons).toEqual(['no 77', 'no 77']);
  });

  it('isolates a series that is always rejected with few writes the next time', async () => {
    engine.rule = (device, quantity) => (device === 'd1' && quantity === 'b' ? new Conflict('type of b') : null);
    const next = (at: number) =>
      batch(
        'g',
        Array.from({ length: 30 }, (_, i): Row => [DEVICES[i % 3]!, at + i, { a: 1, b: 2, c: 3 }]),
      );
    await store.write([next(0)]);
    engine.writes = 0;
    await store.write([next(100)]);
    expect(engine.writes).toBeLessThanOrEqual(4);
    expect(store.totals()).toMatchObject({ values: 20, entries: 1 });
  });

  it('waits for an engine that is down, however often it fails, and sets nothing aside', async () => {
    await store.write([batch('g', [['d0', 1, { a: 1 }]])]);
    engine.rule = () => new Unavailable('down');
    const given = [batch('g', [['d0', 2, { a: 2 }]])];
    for (let i = 0; i < 3 * MAX_ATTEMPTS; i++) await expect(store.write(given)).rejects.toThrow('down');
    expect(store.totals()).toBeUndefined();
    engine.rule = () => null;
    await store.write(given);
    expect(await everything(engine)).toHaveLength(2);
  });

  it.each([
    ['an unforeseen error', () => new TypeError('odd')],
    ['an error that the engine calls temporary', () => new Unavailable('later')],
  ])('sets aside a batch that repeatedly fails with %s while the engine accepts other writes', async (_, error) => {
    await store.write([batch('g', [['d0', 1, { a: 1 }]])]);
    engine.rule = (device) => (device === 'd1' ? error() : null);
    const given = [
      batch('g', [['d0', 2, { a: 2 }]]),
      batch('g', [
        ['d1', 3, { a: 3 }],
        ['d2', 3, { a: 3 }],
      ]),
      batch('g', [['d1', 4, { a: 4 }]]),
      batch('g', [['d0', 5, { a: 5 }]]),
    ];
    for (let i = 1; i < MAX_ATTEMPTS; i++) await expect(store.write(given)).rejects.toThrow(error());
    await store.write(given);
    expect(store.totals()?.values).toBe(2);
    expect((await everything(engine)).map(([device, at]) => [device, at])).toEqual([
      ['d0', 1],
      ['d0', 2],
      ['d0', 5],
      ['d2', 3],
    ]);
  });

  it('sets aside, after a few times, a batch that crashes the engine', async () => {
    await store.write([batch('g', [['d0', 1, { a: 1 }]])]);
    let down = false;
    engine.rule = (device) => {
      down ||= device === 'd1';
      return down ? new Unavailable('crashed') : null;
    };
    const given = [batch('g', [['d1', 2, { a: 2 }]]), batch('g', [['d0', 3, { a: 3 }]])];
    for (let i = 1; i < MAX_ATTEMPTS + MAX_CRASHES - 1; i++) {
      await expect(store.write(given)).rejects.toThrow('crashed');
      // It is reopened before the next attempt.
      down = false;
    }
    await expect(store.write(given)).rejects.toThrow('crashed');
    expect(store.totals()?.values).toBe(1);
    down = false;
    await store.write(given);
    expect((await everything(engine)).map(([device, at]) => [device, at])).toEqual([
      ['d0', 1],
      ['d0', 3],
    ]);
  });

  it.each([0, 1, 2])('sets aside a batch that always crashes the empty engine, at place %s of three', async (place) => {
    let down = false;
    engine.rule = (device) => {
      down ||= device === 'd1';
      return down ? new Unavailable('crashed') : null;
    };
    const given = [batch('g', [['d0', 3, { a: 3 }]]), batch('g', [['d0', 3, { a: 4 }]])];
    given.splice(place, 0, batch('g', [['d1', 2, { a: 2 }]]));
    for (let tries = 0; store.totals() === undefined; tries++) {
      await expect(store.write(given)).rejects.toThrow('crashed');
      expect(tries).toBeLessThan(MAX_ATTEMPTS + 2 * MAX_CRASHES);
      // It is reopened before the next attempt.
      down = false;
    }
    await store.write(given);
    expect(store.totals()?.values).toBe(1);
    expect(await everything(engine)).toEqual([['d0', 3, 4, null, null]]);
  });

  it('waits for an empty engine that is down, and sets nothing aside', async () => {
    engine.rule = () => new Unavailable('down');
    const given = [batch('g', [['d0', 1, { a: 1 }]]), batch('g', [['d0', 2, { a: 2 }]])];
    for (let i = 0; i < 3 * MAX_ATTEMPTS; i++) await expect(store.write(given)).rejects.toThrow('down');
    expect(store.totals()).toBeUndefined();
  });

  it('waits, and loses nothing, when the limit of values set aside is reached', async () => {
    await setAside.close();
    await open(4000);
    engine.rule = (_, quantity) => (quantity === 'b' ? new Conflict('no b') : null);
    const next = (at: number) =>
      batch(
        'g',
        Array.from({ length: 100 }, (_, i): Row => ['d0', at + i, { b: i }]),
      );
    await store.write([next(0)]);
    await expect(store.write([next(1000)])).rejects.toThrow(/the limit is .* MB: retry or discard them/);
    await expect(store.write([next(1000)])).rejects.toThrow(Unavailable);
    expect(store.totals()?.values).toBe(100);
    const [entry] = await setAside.page('engine', 0, 10);
    await setAside.remove([entry!.id]);
    expect(store.totals()).toBeUndefined();
    await store.write([next(1000)]);
    expect(store.totals()?.values).toBe(100);
  });

  it('lets a backfill end, which finds everything that it has copied', async () => {
    const source = new MemoryStore(forever);
    const rows = Array.from({ length: 50 }, (_, i): Row => [DEVICES[i % 3]!, i, { a: i, b: i }]);
    await source.write([batch('g', rows)]);
    engine.rule = (device, quantity) => (device === 'd2' && quantity === 'b' ? new Conflict('no b') : null);
    const from = { series: () => source.series(), read: source.read.bind(source), archivedMonths: async () => [] };
    const report = await backfill({ from, to: store, signal: NEVER, progress: () => {} });
    expect(report).toMatchObject({ values: 100, written: 100 });
    expect(store.totals()?.values).toBe(16);
    expect(await everything(store)).toEqual(await everything(source));
    expect(await backfill({ from, to: store, signal: NEVER, progress: () => {} })).toMatchObject({ written: 0 });
  });

  it('reads intact values next to damaged ones on disk, and reports the damage', async () => {
    engine.rule = (_, quantity) => (quantity === 'c' ? null : new Conflict(`no ${quantity}`));
    await store.write([batch('g', [['d0', 1, { a: 1, b: 2, c: 3 }]])]);
    await setAside.close();
    const database = new DatabaseSync(join(folder, 'set-aside.db'));
    database.exec(`UPDATE set_aside SET payload = zeroblob(length(payload)) WHERE reason = 'no a'`);
    database.close();
    await open();
    expect(await everything(store)).toEqual([['d0', 1, null, 2, 3]]);
    const entries = await setAside.page(null, 0, 10);
    expect(entries.map(({ reason, block }) => [reason, block === null])).toEqual([
      ['no a', true],
      ['no b', false],
    ]);
    engine.rule = () => null;
    await store.retry(NEVER);
    expect((await setAside.page(null, 0, 10)).map(({ reason }) => reason)).toEqual(['no a']);
  });

  it('rejects a file of another version with a message', async () => {
    await setAside.close();
    const path = join(folder, 'other.db');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(SetAside.open(path)).rejects.toThrow(/format 99, this program reads 1/);
    await expect(SetAside.open(path)).rejects.toBeInstanceOf(Conflict);
    await open();
  });
});
