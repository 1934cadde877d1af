import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { Batch, Block } from '../domain/columns/batch.ts';
import { Unavailable } from '../domain/errors.ts';
import { MetricCatalogue } from '../domain/metric-catalogue.ts';
import { FallbackJournal } from './fallback-journal.ts';
import { Ingest, type StoreTarget } from './ingest.ts';
import { type DiskJournal, openSqliteJournal, type PlacedBatch } from './sqlite-journal.ts';

const NOW = Date.UTC(2026, 5, 1);
const STORES = ['a', 'b'] as const;
/** Outcomes of a commit: it succeeds, fails, succeeds but reports a failure, or is slow. */
const COMMITS = ['works', 'fails', 'reports a failure', 'is slow'] as const;
type Commit = (typeof COMMITS)[number];
type StoreName = (typeof STORES)[number];
type Step =
  | { readonly type: 'posts'; readonly count: number }
  | { readonly type: 'commits'; readonly plan: readonly Commit[] }
  | { readonly type: 'store'; readonly name: StoreName; readonly down: boolean }
  | { readonly type: 'crash' };

const root = mkdtempSync(join(tmpdir(), 'wattkeeper-order-'));
afterAll(() => rmSync(root, { recursive: true }));

/** One run of the service on the real journal, with planned commit failures, until a crash. */
class Life {
  readonly plan: Commit[] = [];
  readonly held = new Set<number>();
  readonly #stores: readonly StoreTarget[];
  readonly #path: string;
  #disks: DiskJournal[] = [];
  #over = false;
  journal!: FallbackJournal;
  ingest!: Ingest;

  constructor(path: string, stores: readonly StoreTarget[]) {
    this.#path = path;
    this.#stores = stores;
  }

  async begin(): Promise<void> {
    this.journal = await FallbackJournal.open({
      open: () => this.#open(),
      now: () => NOW,
      onChange: () => {},
      firstWaitMs: 1,
      maxWaitMs: 2,
    });
    const catalogue = new MetricCatalogue();
    this.ingest = new Ingest({
      journal: this.journal,
      stores: this.#stores,
      window: { write: async () => {}, blocks: () => [], erase: async () => {}, deleteDevices: async () => {} },
      removed: new Set<string>(),
      persists: true,
      describe: (metric) => catalogue.describe(metric),
      admit: () => [],
      onStoreError: () => {},
      now: () => NOW,
      pauseMs: 0,
    });
    await this.ingest.open();
    this.ingest.start();
  }

  /** None of its parts has any effect from now on. */
  async crash(): Promise<void> {
    this.#over = true;
    await this.ingest.close(AbortSignal.abort()).catch(() => {});
    for (const disk of this.#disks) await disk.close().catch(() => {});
  }

  async #open(): Promise<DiskJournal> {
    if (this.#over) throw new Unavailable('this life is over');
    const disk = await openSqliteJournal(this.#path, () => NOW);
    this.#disks.push(disk);
    const write = async (batches: readonly PlacedBatch[]) => {
      const commit = this.plan.shift() ?? 'works';
      if (commit === 'fails') throw new Unavailable('the disk is full');
      if (commit === 'is slow') await new Promise((resolve) => setTimeout(resolve, 5));
      await disk.write(batches);
      if (commit === 'reports a failure') throw new Unavailable('the disk does not answer');
    };
    return Object.assign(Object.create(disk) as DiskJournal, bound(disk), { write });
  }
}

/** The methods of a journal, bound to it. */
function bound(disk: DiskJournal): Omit<DiskJournal, 'write'> {
  return {
    identity: disk.identity,
    verify: () => disk.verify(),
    copyTo: (path) => disk.copyTo(path),
    damage: () => disk.damage(),
    read: (after, maxBytes) => disk.read(after, maxBytes),
    cursors: () => disk.cursors(),
    origin: () => disk.origin(),
    advance: (cursors) => disk.advance(cursors),
    head: () => disk.head(),
    stats: () => disk.stats(),
    quarantineRoom: () => disk.quarantineRoom(),
    quarantined: (limit, before) => disk.quarantined(limit, before),
    findQuarantined: (ids) => disk.findQuarantined(ids),
    dropQuarantined: (ids) => disk.dropQuarantined(ids),
    close: () => disk.close(),
  };
}

class Sink implements StoreTarget {
  readonly name: StoreName;
  readonly values = new Set<number>();
  down = false;
  #last = 0;

  constructor(name: StoreName) {
    this.name = name;
  }

  /** After a crash a store receives batches again that it may have. */
  restart(): void {
    this.#last = 0;
  }

  async write(batches: readonly Batch[]): Promise<void> {
    if (this.down) throw new Unavailable('the store is down');
    for (const { sequence, blocks } of batches) {
      expect(sequence).toBeGreaterThan(this.#last);
      this.#last = sequence;
      for (const { columns } of blocks) for (const value of columns[0]!) this.values.add(value);
    }
  }
}

const block = (value: number): Block => ({
  group: 'load',
  quantities: ['energy_kwh'],
  devices: ['meter'],
  device: new Int32Array(1),
  timestamps: Float64Array.of(NOW - value),
  columns: [Float64Array.of(value)],
});

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('posts'), count: fc.integer({ min: 1, max: 12 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('commits'),
        plan: fc.array(fc.constantFrom(...COMMITS), { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('store'), name: fc.constantFrom(...STORES), down: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('crash') }) },
  ),
  { minLength: 2, maxLength: 12 },
) as fc.Arbitrary<Step[]>;

/** Runs the steps; returns the actual and the required content of each store. */
async function run(path: string, todo: readonly Step[]): Promise<{ sinks: readonly Sink[]; owed: Set<number> }> {
  const sinks = STORES.map((name) => new Sink(name));
  const [durable, inMemory] = [new Set<number>(), new Set<number>()];
  let life = new Life(path, sinks);
  await life.begin();
  let last = 0;
  const posts: Promise<unknown>[] = [];
  const post = async (value: number) => {
    const receipt = await life.ingest.accept([block(value)]);
    (receipt.durable ? durable : inMemory).add(value);
  };
  for (const step of todo) {
    if (step.type === 'posts') {
      for (let i = 0; i < step.count; i++) posts.push(post(++last));
      await posts.at(-1 - Math.floor(step.count / 2));
    } else if (step.type === 'commits') life.plan.push(...step.plan);
    else if (step.type === 'store') sinks.find(({ name }) => name === step.name)!.down = step.down;
    else {
      await Promise.all(posts.splice(0));
      await life.crash();
      // Acknowledged as not durable: a crash may or may not retain it.
      inMemory.clear();
      for (const sink of sinks) sink.restart();
      life = new Life(path, sinks);
      await life.begin();
    }
  }
  await Promise.all(posts);
  for (const sink of sinks) sink.down = false;
  await expect.poll(() => life.journal.trouble, { interval: 5 }).toBeNull();
  // The disk has everything that memory held: a crash now loses nothing.
  await life.crash();
  for (const sink of sinks) sink.restart();
  life = new Life(path, sinks);
  await life.begin();
  await Promise.all(STORES.map((name) => life.ingest.caughtUp(name, new AbortController().signal)));
  await life.crash();
  return { sinks, owed: new Set([...durable, ...inMemory]) };
}

test('whichever commits fail, every store receives every acknowledged reading, in order', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (todo) => {
      const { sinks, owed } = await run(join(root, `${++runs}.db`), todo);
      for (const { name, values } of sinks) {
        expect({ name, missing: [...owed].filter((value) => !values.has(value)) }).toEqual({ name, missing: [] });
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 10) },
  );
});
