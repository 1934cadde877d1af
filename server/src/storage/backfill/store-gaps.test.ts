import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batch, rowsOf } from '../../../test/conformance/telemetry-blocks.ts';
import type { TelemetryStore } from '../backend.ts';
import { hidingMarks } from '../layers/journal-marks.ts';
import { MemoryStore } from '../memory/memory-store.ts';
import { openTelemetryStore } from '../open-store.ts';
import { backfill } from './backfill.ts';
import { type StoreGap, StoreGaps } from './store-gaps.ts';

const T0 = Date.UTC(2026, 0, 15);
const never = new AbortController().signal;

/** A durable store in memory that can be copied and replaced by a copy. */
class Disk {
  store: TelemetryStore = empty();

  async copy(): Promise<TelemetryStore> {
    const copy = empty();
    for (const block of (this.store as unknown as { blocks(): Iterable<never> }).blocks())
      await copy.write([{ sequence: 0, blocks: [block] }]);
    return copy;
  }
}

function empty(): TelemetryStore {
  const memory = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes: 32 * 2 ** 20 }, () => T0);
  return new Proxy(memory as TelemetryStore, {
    get: (of, name) => {
      if (name === 'capabilities') return { ...of.capabilities, durable: true, bounded: false };
      const value = of[name as keyof TelemetryStore];
      return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(of) : value;
    },
  });
}

/** A service whose journal drops batches that every configured store has. */
class World {
  readonly disks = new Map<string, Disk>(['a', 'b', 'c'].map((name) => [name, new Disk()]));
  readonly copies = new Map<string, TelemetryStore>();
  readonly accepted: number[] = [];
  now = T0;
  #journal: { readonly id: number; trimmed: number; batches: number[]; readonly cursors: Map<string, number> } = {
    id: 7,
    trimmed: 0,
    batches: [],
    cursors: new Map(),
  };
  #state: unknown;
  #running: { readonly gaps: StoreGaps; readonly places: Map<string, number> } | null = null;

  async start(names: readonly string[]): Promise<void> {
    this.now += 1000;
    const journal = this.#journal;
    const gaps = await StoreGaps.open({
      journal: {
        origin: async () => journal,
        cursors: async () => new Map(journal.cursors),
        head: () => this.accepted.length,
      },
      names,
      hasHistory: async () => this.accepted.length > 0,
      load: async () => this.#state,
      save: async (state) => {
        this.#state = JSON.parse(JSON.stringify(state));
      },
      onGap: async () => {},
      now: () => this.now,
    });
    for (const name of names) await gaps.verify(name, this.disks.get(name)!.store);
    this.#running = { gaps, places: new Map(names.map((name) => [name, gaps.startAfter(name)!])) };
  }

  stop(): void {
    this.#running = null;
  }

  async accept(): Promise<void> {
    this.now += 1000;
    this.accepted.push(this.now);
    this.#journal.batches.push(this.accepted.length);
  }

  /** Delivers some pending batches to a store; `saved`: the journal records it immediately. */
  async deliver(name: string, count: number, saved: boolean): Promise<void> {
    const { gaps, places } = this.#running!;
    const place = places.get(name);
    if (place === undefined) return;
    const next = this.#journal.batches.filter((sequence) => sequence > place).slice(0, count);
    if (next.length === 0) return;
    const batches = next.map((sequence) => ({
      ...batch('g', [['d', this.accepted[sequence - 1]!, { v: sequence }]]),
      sequence,
    }));
    const { sequence } = batches.at(-1)!;
    await this.disks.get(name)!.store.write([...batches, gaps.markOf(name, sequence)]);
    await gaps.noteTaken(name, sequence);
    places.set(name, sequence);
    if (!saved) return;
    for (const [one, at] of places) this.#journal.cursors.set(one, at);
    const taken = Math.min(...places.values());
    this.#journal.trimmed = Math.max(this.#journal.trimmed, taken);
    this.#journal.batches = this.#journal.batches.filter((one) => one > taken);
  }

  gaps(): StoreGaps {
    return this.#running!.gaps;
  }

  names(): string[] {
    return [...this.#running!.places.keys()];
  }

  /** Instants missing in a store although all pending batches were delivered. */
  async lacks(name: string): Promise<number[]> {
    await this.deliver(name, Number.MAX_SAFE_INTEGER, true);
    const rows = await rowsOf(this.disks.get(name)!.store, 'g', ['d'], ['v']);
    const has = new Set(rows.map(([, instant]) => instant));
    return this.accepted.filter((instant) => !has.has(instant));
  }
}

const name = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  fc.record({ do: fc.constant('accept' as const) }),
  fc.record({ do: fc.constant('deliver' as const), name, count: fc.integer({ min: 1, max: 3 }), saved: fc.boolean() }),
  fc.record({ do: fc.constant('restart' as const), names: fc.uniqueArray(name, { minLength: 1 }) }),
  fc.record({ do: fc.constantFrom('copy' as const, 'putBack' as const, 'empty' as const), name }),
  fc.record({ do: fc.constantFrom('fill' as const, 'check' as const) }),
);

/** A copy from before the store was filled replaces it, and nothing was sent in between. */
const copyOfBefore: (typeof step extends fc.Arbitrary<infer S> ? S : never)[] = [
  { do: 'accept' },
  { do: 'restart', names: ['c'] },
  { do: 'deliver', name: 'c', count: 1, saved: true },
  { do: 'restart', names: ['c', 'a'] },
  { do: 'accept' },
  { do: 'check' },
  { do: 'copy', name: 'a' },
  { do: 'fill' },
  { do: 'putBack', name: 'a' },
];

it('whatever happens to stores, a store that lacks acknowledged readings is detected, and a filled one lacks nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const world = new World();
      await world.start(['a']);
      for (const one of steps) {
        switch (one.do) {
          case 'accept':
            await world.accept();
            break;
          case 'deliver':
            await world.deliver(one.name, one.count, one.saved);
            break;
          case 'restart':
            world.stop();
            await world.start(one.names);
            break;
          case 'copy':
            world.copies.set(one.name, await world.disks.get(one.name)!.copy());
            break;
          case 'putBack':
          case 'empty': {
            // The files are exchanged while the service is down.
            const names = world.names();
            world.stop();
            const copy = one.do === 'empty' ? empty() : world.copies.get(one.name);
            world.copies.delete(one.name);
            if (copy) world.disks.get(one.name)!.store = copy;
            await world.start(names);
            break;
          }
          case 'fill':
            await fillAll(world);
        }
        if (one.do === 'check') await expectKnown(world);
      }
      await expectKnown(world);
    }),
    { numRuns: 1000, examples: [[copyOfBefore]] },
  );
});

async function expectKnown(world: World): Promise<void> {
  for (const of of world.names()) {
    const lacking = await world.lacks(of);
    if (lacking.length > 0) expect(world.gaps().of(of)?.until ?? 0, of).toBeGreaterThan(Math.max(...lacking));
  }
}

async function fillAll(world: World): Promise<void> {
  const whole = world.names().find((of) => world.gaps().of(of) === null);
  if (whole === undefined) return;
  // Batches that are not yet delivered to the source cannot be copied from it.
  await world.deliver(whole, Number.MAX_SAFE_INTEGER, true);
  for (const of of world.names()) {
    const gap = world.gaps().of(of);
    if (gap === null) continue;
    const [source, target] = [world.disks.get(whole)!.store, world.disks.get(of)!.store];
    const from = { ...pick(hidingMarks(source)), archivedMonths: async () => [] };
    await backfill({ from, to: target, signal: never, progress: () => {} });
    await world.gaps().close(of, gap, target);
  }
  const names = world.names();
  const filled = names.filter((of) => world.gaps().of(of) === null);
  world.stop();
  await world.start(names);
  for (const of of filled) {
    expect(world.gaps().of(of), of).toBeNull();
    expect(await world.lacks(of), of).toEqual([]);
  }
}

function pick({ series, read }: TelemetryStore): Pick<TelemetryStore, 'series' | 'read'> {
  return { series, read };
}

it('an undisturbed store has no gap, whatever was written before the start and after it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.boolean()), { maxLength: 20 }), async (rounds) => {
      const world = new World();
      for (const [accepted, delivered, saved] of rounds) {
        await world.start(['a', 'b']);
        for (let i = 0; i < accepted; i++) await world.accept();
        await world.deliver('a', delivered + 1, saved);
        await world.deliver('b', delivered, saved);
        for (const of of world.names()) expect(world.gaps().of(of)).toBeNull();
        world.stop();
      }
    }),
  );
});

it('compares a store that could not be opened at the start with the journal once it is open', async () => {
  for (const [cursor, trimmed, reason] of [
    [undefined, 4, 'added'],
    [2, 4, 'left_out'],
    [4, 4, null],
  ] as const) {
    let state: unknown;
    const open = () =>
      StoreGaps.open({
        journal: {
          origin: async () => ({ id: 1, trimmed }),
          cursors: async () => new Map(cursor === undefined ? [] : [['s', cursor]]),
          head: () => 9,
        },
        names: ['s'],
        hasHistory: async () => true,
        load: async () => state,
        save: async (saved) => {
          state = saved;
        },
        onGap: async () => {},
        now: () => T0,
      });
    const gaps = await open();
    expect(gaps.startAfter('s')).toBe(cursor ?? 0);
    await gaps.verify('s', empty());
    expect(gaps.of('s')?.reason ?? null).toBe(reason);
    // After a first delivery, its loss is detected as soon as the store is opened again.
    const store = empty();
    await store.write([gaps.markOf('s', 7)]);
    await gaps.noteTaken('s', 7);
    if (reason !== null) await gaps.close('s', gaps.of('s')!, store);
    await gaps.verify('s', store);
    expect(gaps.of('s')).toBeNull();
    await gaps.verify('s', empty());
    expect(gaps.of('s')?.reason).toBe('replaced');
  }
});

it('gives the reason of a gap, and identifies stores by their marks on every engine', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-gaps-'));
  try {
    for (const type of ['duckdb', 'sqlite', 'file'] as const) {
      const path = join(folder, type);
      const open = async () => hidingMarks(await openTelemetryStore({ type, path }));
      let state: unknown;
      const found: StoreGap[] = [];
      const cursors = new Map([['s', 5]]);
      const start = (id: number, trimmed: number) =>
        StoreGaps.open({
          journal: { origin: async () => ({ id, trimmed }), cursors: async () => cursors, head: () => 9 },
          names: ['s'],
          hasHistory: async () => true,
          load: async () => state,
          save: async (saved) => {
            state = saved;
          },
          onGap: async (_, gap) => {
            found.push(gap);
          },
          now: () => T0,
        });
      let store = await open();
      // A store of an earlier version has no marks.
      let gaps = await start(1, 5);
      await gaps.verify('s', store);
      expect(gaps.startAfter('s')).toBe(5);
      for (const sequence of [6, 7]) {
        await store.write([{ ...batch('g', [['d', T0, { v: sequence }]]), sequence }, gaps.markOf('s', sequence)]);
        await gaps.noteTaken('s', sequence);
      }
      expect((await store.series()).map(({ metric }) => metric)).toEqual(['g.v']);
      expect(await store.latest(0)).toEqual([{ deviceId: 'd', metric: 'g.v', timestamp: T0, value: 7 }]);
      await store.close();
      store = await open();
      gaps = await start(1, 5);
      await gaps.verify('s', store);
      expect(gaps.startAfter('s')).toBe(5);
      expect(found).toEqual([]);

      // The journal's cursor is ahead of the store's mark.
      cursors.set('s', 8);
      gaps = await start(1, 8);
      await gaps.verify('s', store);
      expect(gaps.of('s')).toEqual({ until: T0, reason: 'replaced' });
      // While the journal still has the batches, they are delivered again.
      found.length = 0;
      await gaps.close('s', gaps.of('s')!, store);
      cursors.set('s', 12);
      gaps = await start(1, 8);
      await gaps.verify('s', store);
      expect(gaps.startAfter('s')).toBe(8);
      expect(found).toEqual([]);
      await store.close();
      rmSync(path, { recursive: true });
      cursors.set('s', 5);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
