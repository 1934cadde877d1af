import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { Frame } from '../../domain/columns/frame.ts';
import { Corrupt } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import type { TelemetryStore } from '../backend.ts';
import type { RollupExtent } from '../layers/rolled-reads.ts';
import type { WriteGate, WriteWatch } from '../layers/write-gate.ts';
import { type RollUpSource, rollUp } from '../rollups/roll-up.ts';
import { isRollupGroup, ROLLUP_WIDTHS, type RollupWidth, rollupGroup, widthsFrom } from '../rollups/rollup-names.ts';
import { finestOf, savesRoom } from '../rollups/rollup-size.ts';
import { type DeviceGroup, deviceGroups } from '../whole-days.ts';

/** State of a group. Epoch milliseconds. */
export interface RetentionState {
  readonly rolledUntil: number;
  /** Raw samples before this instant were deleted; null while none were. */
  readonly rawFrom: number | null;
  /** Finest rollups of the group, when chosen by size; absent: 1 min. */
  readonly finest?: RollupWidth;
}

/**
 * Age at which raw samples are deleted from the first store, and the condition: `deleted_when_smaller` only when rollups take less space.
 */
export interface RawDays {
  readonly days: number;
  readonly how: 'deleted' | 'deleted_when_smaller' | 'archived';
}

export interface RetentionPolicy {
  /** Retention of a group's raw samples; null: for ever. */
  rawDays(group: string): RawDays | null;
  /** Retention of rollups, days; null: for ever. */
  rollupDays(width: RollupWidth): number | null;
}

export interface RetentionOptions {
  readonly source: RollUpSource;
  /** The first store: all its writes pass through the gate, and rollups are read back from it. */
  readonly primary: Pick<TelemetryStore, 'series' | 'read'>;
  readonly gate: WriteGate;
  /** Every store. */
  readonly stores: () => readonly Pick<TelemetryStore, 'deleteBefore'>[];
  readonly policy: RetentionPolicy;
  readonly states: Map<string, RetentionState>;
  readonly save: (states: ReadonlyMap<string, RetentionState>) => Promise<void>;
  readonly now: () => number;
}

export interface RetentionRun {
  /** Stores rollups as durably as readings. */
  readonly keep: (block: Block) => Promise<void>;
  /** Resolves when every store has the stored rollups. */
  readonly settled: (signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

export interface RetentionReport {
  /** Number of written rows of rollups. */
  readonly rollups: number;
  /** Number of deleted rows, of all stores together. */
  readonly deleted: number;
  /** Groups whose raw samples remain until the next run, since late ones kept arriving. */
  readonly postponed: readonly string[];
  /** Groups whose raw samples remain, since rollups would take more space. */
  readonly kept: readonly string[];
}

/** The sources and the end of a group's rollups. */
interface Plan {
  readonly state: RetentionState | undefined;
  /** undefined: 1 min. */
  readonly finest: RollupWidth | undefined;
  /** Raw samples before this instant are deleted, epoch milliseconds. */
  readonly leavesAt: number;
}

/**
 * Raw samples are kept this much longer than the rollups that replace them are needed, so that the first raw buckets have the preceding
 * samples.
 */
const GUARD_MS = 4 * UTC_DAY_MS;

/** Maximum number of values in memory until they are read back: 32 MB. */
const MAX_HELD_VALUES = 4_000_000;

/** Creates rollups of old samples, adds late readings to them, and deletes expired data, in this order. */
export class Retention {
  readonly #options: RetentionOptions;
  /** Writes since a group was last processed; a group without a watch has to be processed as a whole. */
  readonly #watches = new Map<string, WriteWatch>();

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** null while a group has no rollups. */
  extentOf(group: string): RollupExtent | null {
    const state = this.#options.states.get(group);
    if (state === undefined) return null;
    const upToDate = this.#upToDateUntil(group, state);
    return {
      // Deleted data can only be read from rollups.
      rolledUntil: state.rawFrom === null ? upToDate : Math.max(upToDate, state.rawFrom + UTC_DAY_MS),
      rawFrom: state.rawFrom ?? Number.NEGATIVE_INFINITY,
      keptFrom: (width) =>
        widthsFrom(state.finest ?? '1m').includes(width) ? this.#rollupsFrom(width) : Number.POSITIVE_INFINITY,
    };
  }

  async run(run: RetentionRun): Promise<RetentionReport> {
    const report = { rollups: 0, deleted: 0, postponed: [] as string[], kept: [] as string[] };
    const groups = Map.groupBy(deviceGroups(await this.#options.primary.series()), ({ group }) => group);
    for (const [group, devices] of groups) {
      const policy = isRollupGroup(group) ? null : this.#options.policy.rawDays(group);
      if (policy === null) continue;
      run.signal.throwIfAborted();
      run.progress(null, group);
      await this.#runGroup(group, devices, policy, run, report);
    }
    report.deleted += await this.#deleteRollups([...this.#options.states.keys()]);
    return report;
  }

  async #runGroup(
    group: string,
    devices: readonly DeviceGroup[],
    policy: RawDays,
    run: RetentionRun,
    report: { rollups: number; deleted: number; postponed: string[]; kept: string[] },
  ): Promise<void> {
    const { gate, states, save } = this.#options;
    const plan = await this.#plan(group, devices, policy, report);
    if (plan === null) return;
    const { state, finest, leavesAt } = plan;
    const rolledUntil = Math.max(leavesAt + GUARD_MS, state?.rolledUntil ?? 0);
    const since = this.#changedSince(group, state);
    const watch = await gate.watch(group);
    try {
      report.rollups += await this.#rollUpDevices(
        devices,
        { since, rolledUntil, rawFrom: state?.rawFrom ?? null, widths: widthsFrom(finest ?? '1m') },
        run,
      );
      const coarse = finest === undefined ? {} : { finest };
      states.set(group, { rolledUntil, rawFrom: state?.rawFrom ?? null, ...coarse });
      await save(states);
    } catch (error) {
      watch.end();
      throw error;
    }
    // Until here, queries were answered as if there were no run: its output is incomplete before.
    this.#watches.get(group)?.end();
    this.#watches.set(group, watch);
    if (policy.how === 'archived') return;
    const deleted = await this.#deleteRaw(group, leavesAt);
    if (deleted === null) report.postponed.push(group);
    else report.deleted += deleted;
  }

  /** null when no rollups are to be created. */
  async #plan(
    group: string,
    devices: readonly DeviceGroup[],
    { days, how }: RawDays,
    report: { kept: string[] },
  ): Promise<Plan | null> {
    const known = this.#options.states.get(group);
    const leavesAt = midnight(this.#options.now() - days * UTC_DAY_MS);
    // Deleted samples cannot be rolled up at other widths.
    if (known && known.rawFrom !== null) {
      const goesOn = how !== 'deleted_when_smaller' || known.finest !== undefined;
      if (!goesOn) report.kept.push(group);
      return { state: known, finest: known.finest, leavesAt: goesOn ? leavesAt : known.rawFrom };
    }
    if (how === 'deleted') return { state: known?.finest ? undefined : known, finest: undefined, leavesAt };
    if (how === 'archived' && known) return { state: known, finest: known.finest, leavesAt };
    const finest = finestOf(devices, how === 'archived' ? Number.POSITIVE_INFINITY : leavesAt);
    if (how === 'archived') return finest === null ? null : { state: undefined, finest, leavesAt };
    if (devices.every(({ window }) => window.start >= leavesAt)) return null;
    if (finest === null || !(await savesRoom(this.#options.source.raw, devices, finest, leavesAt))) {
      report.kept.push(group);
      return null;
    }
    return { state: known?.finest === finest ? known : undefined, finest, leavesAt };
  }

  /** Rollups before this instant match the raw samples: none arrived late since they were created, as far as is known. */
  #upToDateUntil(group: string, { rolledUntil }: RetentionState): number {
    const watch = this.#watches.get(group);
    if (watch === undefined) return Number.NEGATIVE_INFINITY;
    return Math.min(rolledUntil, midnight(watch.earliest) - UTC_DAY_MS);
  }

  /** Instant from which rollups may differ from the raw samples. */
  #changedSince(group: string, state: RetentionState | undefined): number {
    const watch = this.#watches.get(group);
    if (state === undefined || watch === undefined) return Number.NEGATIVE_INFINITY;
    return Math.min(state.rolledUntil, watch.earliest - UTC_DAY_MS);
  }

  /** Every row is in every store, and read back from the first one, when it resolves. Returns the number of rows. */
  async #rollUpDevices(
    devices: readonly DeviceGroup[],
    {
      since,
      rolledUntil,
      rawFrom,
      widths,
    }: { since: number; rolledUntil: number; rawFrom: number | null; widths: readonly RollupWidth[] },
    run: RetentionRun,
  ): Promise<number> {
    let held: Block[] = [];
    let rows = 0;
    let heldValues = 0;
    const settle = async () => {
      await run.settled(run.signal);
      for (const block of held) await this.#verify(block);
      held = [];
      heldValues = 0;
    };
    for (const [d, device] of devices.entries()) {
      // A sample determines how long the previous one holds, and the value at the end of a day extends into the next.
      const first = midnight(device.window.start) - UTC_DAY_MS;
      const end = Math.min(rolledUntil, midnight(device.window.end) + 2 * UTC_DAY_MS);
      const completeFrom = rawFrom === null ? first : rawFrom + UTC_DAY_MS;
      const parts = [
        { window: { start: Math.max(first, midnight(since)), end: Math.min(completeFrom, end) }, rawIs: 'late' },
        { window: { start: Math.max(completeFrom, first, midnight(since)), end }, rawIs: 'complete' },
      ] as const;
      for (const { window, rawIs } of parts) {
        for await (const block of rollUp(this.#options.source, device, window, rawIs, widths)) {
          run.signal.throwIfAborted();
          await run.keep(block);
          held.push(block);
          rows += block.timestamps.length;
          heldValues += block.timestamps.length * block.columns.length;
          if (heldValues > MAX_HELD_VALUES) await settle();
        }
      }
      run.progress((d + 1) / devices.length, device.group);
    }
    await settle();
    return rows;
  }

  /** Reads rollups back from the first store. @throws Corrupt when it returns other values than were written */
  async #verify({ group, quantities, devices, timestamps, columns }: Block): Promise<void> {
    const window = { start: timestamps[0]!, end: (timestamps.at(-1) as number) + 1 };
    let row = 0;
    const differs = (frame: Frame) =>
      frame.timestamps.some((instant, i) => {
        const at = timestamps.indexOf(instant, row);
        if (at < 0) return false;
        row = at + 1;
        return columns.some((column, c) => {
          const given = column[at]!;
          return given === given && frame.columns[c]?.[i] !== given;
        });
      });
    let found = 0;
    for await (const frame of this.#options.primary.read({ deviceIds: devices, group, quantities, window })) {
      if (differs(frame)) break;
      found = row;
    }
    if (found < timestamps.length) {
      throw new Corrupt(
        `the first store returns other values for the rollups ${group} of ${devices[0]} from ${new Date(window.start).toISOString()} on than were written: no raw readings are deleted`,
      );
    }
  }

  /** Deletes raw samples; null when late ones arrived since they were rolled up. */
  async #deleteRaw(group: string, before: number): Promise<number | null> {
    const { gate, states, save, stores } = this.#options;
    const watch = this.#watches.get(group);
    return gate.exclusive(async () => {
      if ((watch?.earliest ?? Number.POSITIVE_INFINITY) < before) return null;
      const state = states.get(group) as RetentionState;
      // Recorded before the deletion: remaining data must never be mistaken for all data.
      states.set(group, { ...state, rawFrom: Math.max(before, state.rawFrom ?? before) });
      await save(states);
      let deleted = 0;
      for (const store of stores()) deleted += await store.deleteBefore(before, group);
      return deleted;
    });
  }

  async #deleteRollups(groups: readonly string[]): Promise<number> {
    let deleted = 0;
    for (const width of ROLLUP_WIDTHS) {
      const from = this.#rollupsFrom(width);
      if (from === Number.NEGATIVE_INFINITY) continue;
      for (const group of groups) {
        for (const store of this.#options.stores())
          deleted += await store.deleteBefore(from, rollupGroup(group, width));
      }
    }
    return deleted;
  }

  #rollupsFrom(width: RollupWidth): number {
    const days = this.#options.policy.rollupDays(width);
    return days === null ? Number.NEGATIVE_INFINITY : midnight(this.#options.now() - days * UTC_DAY_MS);
  }
}

function midnight(instant: number): number {
  return Math.floor(instant / UTC_DAY_MS) * UTC_DAY_MS;
}
