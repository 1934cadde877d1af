import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Batch, Block } from '../../src/domain/columns/batch.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { batchOf, framesOf } from './telemetry-blocks.ts';
import { deletesDevices } from './telemetry-devices.ts';
import type { World } from './telemetry-store.ts';

/** Two days before the end of a month, so that values extend into the next one. */
const T0 = Date.UTC(2026, 0, 30);
const HOURS = 96;
/** Few long runs, because opening a store is expensive. */
const RUNS = 5;
const MAX_COMMANDS = 8;

/** Names that engines fold, reserve or use internally. */
const DEVICES = ['d', 'D', 'e\u0301', '\u00e9', 'constructor'];
const GROUPS = ['solar', 'Solar', 'select', 'a.b', '__proto__', 'group_0_0', 'recent_1', '%41 "x"', "$1's"];
const QUANTITIES = [
  'power',
  'POWER',
  'Power',
  'ts',
  'device',
  'device_id',
  'time',
  'Time',
  'q0',
  'q$0',
  'xmin',
  '__proto__',
  'toString',
  '_field',
  'a,b=c d',
  '🌞',
  '0',
  `${'x'.repeat(80)}1`,
  `${'x'.repeat(80)}2`,
];

/** A value with device, metric and instant. */
type Cell = readonly [group: string, device: string, hour: number, quantity: string, value: number];

const cell: fc.Arbitrary<Cell> = fc.tuple(
  fc.constantFrom(...GROUPS),
  fc.constantFrom(...DEVICES),
  fc.nat(HOURS - 1),
  fc.constantFrom(...QUANTITIES),
  fc.integer({ min: -9, max: 9 }),
);
const cells = fc.array(cell, { minLength: 1, maxLength: 5, size: 'max' });

/** Expected content of a store: `[group, device, quantity]` as JSON → hour → value. */
type Model = Map<string, Map<number, number>>;
interface Real {
  world: World;
}
type Command = fc.AsyncCommand<Model, Real>;

/**
 * Whatever names appear in whatever order, however the rows are cut into batches and writes, whatever is erased, deleted, compacted and
 * reopened in between: the store holds the same as a map in memory.
 */
export function modelPromises(world: World): void {
  it('equals a map in memory after any sequence of new names, writes, erasures, deletions by time and by device, compactions and restarts', async () => {
    const write = fc.array(cells, { minLength: 1, maxLength: 2 }).map((batches) => new Write(batches));
    const commands = [
      write,
      write,
      cells.map((places) => new Erase(places)),
      fc
        .tuple(fc.nat(HOURS), fc.option(fc.constantFrom(...GROUPS)))
        .map(([hour, group]) => new DeleteBefore(hour, group)),
      fc
        .uniqueArray(fc.constantFrom(...DEVICES, 'nobody'), { maxLength: 3 })
        .map((devices) => new DeleteDevices(devices)),
      fc.nat(HOURS).map((hour) => new Compact(hour)),
      fc.constant(new Reopen()),
      fc.constant(new Check()),
    ];
    const sequences = fc.tuple(
      // New names cause most faults, so each sequence starts with writes.
      fc.array(write, { minLength: 5, maxLength: 7 }),
      fc.commands(commands, { maxCommands: MAX_COMMANDS, size: 'max' }),
    );
    await fc.assert(
      fc.asyncProperty(sequences, async ([first, others]) => {
        await world.startEmpty();
        const model: Model = new Map();
        const setup = () => ({ model, real: { world } });
        await fc.asyncModelRun(setup, [...first, ...others]);
        await expectSame(world.store, model);
        await world.reopen();
        await expectSame(world.store, model);
      }),
      // Without shrinking, which would open hundreds of stores.
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 120_000);
}

class Write implements Command {
  readonly #batches: readonly (readonly Cell[])[];
  constructor(batches: readonly (readonly Cell[])[]) {
    this.#batches = batches;
  }
  check = () => true;
  async run(model: Model, { world }: Real): Promise<void> {
    await world.store.write(this.#batches.map((batch): Batch => batchOf(...blocksOf(batch))));
    for (const [group, device, hour, quantity, value] of this.#batches.flat()) {
      const key = JSON.stringify([group, device, quantity]);
      model.set(key, (model.get(key) ?? new Map<number, number>()).set(hour, value));
    }
  }
  toString = () => `write(${JSON.stringify(this.#batches)})`;
}

class Erase implements Command {
  readonly #places: readonly Cell[];
  constructor(places: readonly Cell[]) {
    this.#places = places;
  }
  check = () => true;
  async run(model: Model, { world }: Real): Promise<void> {
    if (!world.store.capabilities.erases) return;
    await world.store.erase(blocksOf(this.#places));
    for (const [group, device, hour, quantity] of this.#places)
      model.get(JSON.stringify([group, device, quantity]))?.delete(hour);
  }
  toString = () => `erase(${JSON.stringify(this.#places)})`;
}

class DeleteBefore implements Command {
  readonly #hour: number;
  readonly #group: string | null;
  constructor(hour: number, group: string | null) {
    this.#hour = hour;
    this.#group = group;
  }
  check = () => true;
  async run(model: Model, { world }: Real): Promise<void> {
    await world.store.deleteBefore(T0 + this.#hour * HOUR_MS, this.#group);
    for (const [key, values] of model) {
      if (this.#group !== null && JSON.parse(key)[0] !== this.#group) continue;
      for (const hour of values.keys()) if (hour < this.#hour) values.delete(hour);
    }
  }
  toString = () => `deleteBefore(${this.#hour}, ${JSON.stringify(this.#group)})`;
}

class DeleteDevices implements Command {
  readonly #devices: readonly string[];
  constructor(devices: readonly string[]) {
    this.#devices = devices;
  }
  check = () => true;
  async run(model: Model, { world }: Real): Promise<void> {
    if (!(await deletesDevices(world.store))) return;
    await world.store.deleteDevices(this.#devices);
    for (const key of model.keys()) if (this.#devices.includes(JSON.parse(key)[1])) model.delete(key);
  }
  toString = () => `deleteDevices(${JSON.stringify(this.#devices)})`;
}

class Compact implements Command {
  readonly #hour: number;
  constructor(hour: number) {
    this.#hour = hour;
  }
  check = () => true;
  async run(_: Model, { world }: Real): Promise<void> {
    await world.store.compact(T0 + this.#hour * HOUR_MS, new AbortController().signal);
  }
  toString = () => `compact(${this.#hour})`;
}

class Reopen implements Command {
  check = () => true;
  async run(_: Model, { world }: Real): Promise<void> {
    await world.reopen();
  }
  toString = () => 'reopen';
}

class Check implements Command {
  check = () => true;
  async run(model: Model, { world }: Real): Promise<void> {
    await expectSame(world.store, model);
  }
  toString = () => 'check';
}

/** Cells in order as blocks: one per run of cells of one group. */
function blocksOf(given: readonly Cell[]): Block[] {
  const runs: Cell[][] = [];
  for (const next of given) {
    const run = runs.at(-1);
    if (run !== undefined && run[0]![0] === next[0]) run.push(next);
    else runs.push([next]);
  }
  return runs.map((run) => {
    const devices = [...new Set(run.map(([, device]) => device))];
    const quantities = [...new Set(run.map(([, , , quantity]) => quantity))];
    return {
      group: run[0]![0],
      quantities,
      devices,
      device: Int32Array.from(run, ([, device]) => devices.indexOf(device)),
      timestamps: Float64Array.from(run, ([, , hour]) => T0 + hour * HOUR_MS),
      columns: quantities.map((quantity) => Float64Array.from(run, (c) => (c[3] === quantity ? c[4] : Number.NaN))),
    };
  });
}

async function expectSame(store: TelemetryStore, model: Model): Promise<void> {
  const series = [...model].filter(([, values]) => values.size > 0);
  const held = new Map<string, string>();
  for (const group of new Set(series.map(([key]) => (JSON.parse(key) as Cell)[0]))) {
    for (const { deviceId, timestamps, columns } of await framesOf(
      store,
      group,
      DEVICES,
      QUANTITIES,
      T0 - UTC_DAY_MS,
    )) {
      for (const [c, column] of columns.entries()) {
        for (const [row, value] of column.entries()) {
          if (Number.isNaN(value)) continue;
          const place = JSON.stringify([group, deviceId, QUANTITIES[c]]);
          held.set(`${place} ${(timestamps[row]! - T0) / HOUR_MS}`, String(value + 0));
        }
      }
    }
  }
  const wanted = series.flatMap(([key, values]) =>
    [...values].map(([hour, value]) => [`${key} ${hour}`, String(value)] as const),
  );
  expect(sorted(held)).toEqual(sorted(wanted));

  const latest = (await store.latest(0)).map(
    ({ deviceId, metric, timestamp, value }) =>
      [`${metric} of ${deviceId}`, `${(timestamp - T0) / HOUR_MS} ${value + 0}`] as const,
  );
  const newest = series.map(([key, values]) => {
    const hour = Math.max(...values.keys());
    return [nameOf(key), `${hour} ${values.get(hour)}`] as const;
  });
  expect(sorted(latest)).toEqual(sorted(newest));

  const extents = (await store.series()).map(
    ({ deviceId, metric, first, last, count }) =>
      [`${metric} of ${deviceId}`, `${(first - T0) / HOUR_MS} ${(last - T0) / HOUR_MS} ${count}`] as const,
  );
  const spans = series.map(([key, values]) => {
    const hours = [...values.keys()];
    return [nameOf(key), `${Math.min(...hours)} ${Math.max(...hours)} ${values.size}`] as const;
  });
  expect(sorted(extents)).toEqual(sorted(spans));
}

/** Series by metric and device; a group with a dot and a quantity give one metric name. */
function nameOf(key: string): string {
  const [group, device, quantity] = JSON.parse(key) as [string, string, string];
  return `${group}.${quantity} of ${device}`;
}

function sorted(entries: Iterable<readonly [string, string]>): string[] {
  return Array.from(entries, ([key, value]) => `${key} = ${value}`).sort();
}
