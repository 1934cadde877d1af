import { LATEST_MS } from '@wattkeeper/contract/common.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Metric, metricNameFault } from '@wattkeeper/contract/metric.ts';
import { type Block, rowCount } from '../domain/columns/batch.ts';
import type { SeriesRefusal } from '../domain/series-limits.ts';
import type { Quarantined } from './journal.ts';

/** A rejected value. */
export interface Refusal {
  readonly deviceId: string;
  /** null: the whole row. */
  readonly metric: string | null;
  readonly timestamp: number;
  readonly code:
    | 'invalid_device'
    | 'invalid_metric'
    | 'not_finite'
    | 'time_out_of_range'
    | 'quarantine_full'
    | SeriesRefusal['code'];
  readonly detail: string;
}

export interface Verdict {
  /** The valid values, without the rejected and quarantined ones. */
  readonly blocks: readonly Block[];
  readonly accepted: number;
  readonly rejected: number;
  /** The first rejections, each with its reason; `rejected` is their total number. */
  readonly refusals: readonly Refusal[];
  readonly quarantined: readonly Quarantined[];
}

/** Maximum number of rejections listed individually. */
export const MAX_REJECTIONS_LISTED = 100;
/** Maximum number of quarantined values per batch; more are rejected. */
export const MAX_QUARANTINED_PER_BATCH = 10_000;
/** Groups whose values are known in advance: day-ahead prices, weather forecasts. */
export const FORECAST_GROUPS: ReadonlySet<string> = new Set(['price', 'weather', 'carbon']);
const FORECAST_AHEAD_MS = 16 * UTC_DAY_MS;
/** Tolerance for a device clock that is ahead. */
const CLOCK_AHEAD_MS = HOUR_MS;
/** Earlier times come from a clock that was not set, or from a wrong unit, such as milliseconds sent as nanoseconds. */
export const MIN_PLAUSIBLE_MS = Date.UTC(2000, 0, 1);

/** How far in the future values of a group are accepted. */
export function acceptedAheadMs(group: string): number {
  return FORECAST_GROUPS.has(group) ? FORECAST_AHEAD_MS : CLOCK_AHEAD_MS;
}

/**
 * Divides readings into valid, implausible and unusable ones. Never changes a value: a column of the result has the given value, or NaN
 * for a removed value. The given blocks are not changed.
 * @param nowMs the current time, against which future times are checked
 * @param quarantineRoom number of implausible values that can be quarantined; more are rejected
 */
export function validate(
  blocks: readonly Block[],
  describe: (metric: string) => Metric,
  nowMs: number,
  quarantineRoom: number,
): Verdict {
  const verdict = new VerdictBuilder(quarantineRoom);
  const good = blocks.map((block) => validateBlock(block, describe, nowMs, verdict));
  return verdict.build(good.filter((block) => rowCount(block) > 0 && block.quantities.length > 0));
}

function validateBlock(
  block: Block,
  describe: (metric: string) => Metric,
  nowMs: number,
  verdict: VerdictBuilder,
): Block {
  const latest = nowMs + acceptedAheadMs(block.group);
  const usable = withUsableNames(withUsableTimes(block, verdict), verdict);
  const columns = usable.columns.map((column, c) => {
    const metric = describe(`${block.group}.${usable.quantities[c]}`);
    return validateColumn({ block: usable, column, metric, latest, nowMs, verdict });
  });
  return { ...usable, columns };
}

/** A name that one store does not support is rejected for all stores: that store would reject it at every retry. */
function withUsableNames(block: Block, verdict: VerdictBuilder): Block {
  const faults = block.quantities.map((quantity) => metricNameFault(`${block.group}.${quantity}`));
  if (faults.every((fault) => fault === null)) return block;
  for (const [c, fault] of faults.entries()) if (fault !== null) refuseColumn(block, c, fault, verdict);
  const isGood = (_: unknown, c: number) => faults[c] === null;
  return { ...block, quantities: block.quantities.filter(isGood), columns: block.columns.filter(isGood) };
}

function refuseColumn(block: Block, c: number, fault: string, verdict: VerdictBuilder): void {
  const metric = `${block.group}.${block.quantities[c]}`.toWellFormed();
  for (const [row, value] of block.columns[c]!.entries()) {
    if (value !== value) continue;
    const deviceId = block.devices[block.device[row]!]!;
    const timestamp = block.timestamps[row]!;
    verdict.refuse({ deviceId, metric, timestamp, code: 'invalid_metric', detail: `the metric's name ${fault}` });
  }
}

interface ColumnTask {
  readonly block: Block;
  readonly column: Float64Array;
  readonly metric: Metric;
  readonly latest: number;
  readonly nowMs: number;
  readonly verdict: VerdictBuilder;
}

function validateColumn({ block, column, metric, latest, nowMs, verdict }: ColumnTask): Float64Array {
  const minimum = metric.minimum ?? -Number.MAX_VALUE;
  const maximum = metric.maximum ?? Number.MAX_VALUE;
  const { timestamps } = block;
  let kept = column;
  let accepted = 0;
  for (let row = 0; row < column.length; row++) {
    const value = column[row]!;
    if (value !== value) continue;
    const instant = timestamps[row]!;
    if (value >= minimum && value <= maximum && instant >= MIN_PLAUSIBLE_MS && instant <= latest) {
      accepted++;
      continue;
    }
    if (kept === column) kept = column.slice();
    kept[row] = Number.NaN;
    const where = {
      deviceId: block.devices[block.device[row]!]!,
      metric: metric.name,
      timestamp: instant,
    };
    if (!Number.isFinite(value)) {
      verdict.refuse({ ...where, code: 'not_finite', detail: `must be a finite number; got ${value}` });
    } else verdict.quarantine({ ...where, value, reason: reasonOf(value, metric, where.timestamp, nowMs) });
  }
  verdict.accepted += accepted;
  return kept;
}

function reasonOf(value: number, metric: Metric, timestamp: number, nowMs: number): string {
  const unit = metric.unit ? ` ${metric.unit}` : '';
  if (metric.minimum !== null && value < metric.minimum) return `${value}${unit} is below ${metric.minimum}${unit}`;
  if (metric.maximum !== null && value > metric.maximum) return `${value}${unit} is above ${metric.maximum}${unit}`;
  if (timestamp < MIN_PLAUSIBLE_MS)
    return `its time, ${new Date(timestamp).toISOString()}, is before 2000: the clock was not set, or the time was sent in another unit`;
  return `its time is ${((timestamp - nowMs) / HOUR_MS).toFixed(1)} h ahead of the clock`;
}

/** Rows whose time is an integer number of milliseconds between 1970 and 2199. */
function withUsableTimes(block: Block, verdict: VerdictBuilder): Block {
  const rows: number[] = [];
  for (let row = 0; row < block.timestamps.length; row++) {
    const instant = block.timestamps[row]!;
    if (instant >= 0 && instant < LATEST_MS && Number.isInteger(instant)) continue;
    rows.push(row);
  }
  if (rows.length === 0) return block;
  for (const row of rows) refuseRow(block, row, verdict);
  const bad = new Set(rows);
  const keep = Uint32Array.from(block.timestamps.keys()).filter((row) => !bad.has(row));
  return {
    ...block,
    device: Int32Array.from(keep, (row) => block.device[row]!),
    timestamps: Float64Array.from(keep, (row) => block.timestamps[row]!),
    columns: block.columns.map((column) => Float64Array.from(keep, (row) => column[row]!)),
  };
}

function refuseRow(block: Block, row: number, verdict: VerdictBuilder): void {
  const values = block.columns.filter((column) => !Number.isNaN(column[row])).length;
  const timestamp = block.timestamps[row]!;
  for (let i = 0; i < values; i++) {
    verdict.refuse({
      deviceId: block.devices[block.device[row]!]!,
      metric: null,
      timestamp,
      code: 'time_out_of_range',
      detail: `the time must be between 1970 and 2199; got ${timestamp} ms since 1970`,
    });
  }
}

class VerdictBuilder {
  accepted = 0;
  #rejected = 0;
  readonly #refusals: Refusal[] = [];
  readonly #quarantined: Quarantined[] = [];
  readonly #quarantineRoom: number;

  constructor(quarantineRoom: number) {
    this.#quarantineRoom = quarantineRoom;
  }

  refuse(refusal: Refusal): void {
    this.#rejected++;
    if (this.#refusals.length < MAX_REJECTIONS_LISTED) this.#refusals.push(refusal);
  }

  quarantine(value: Quarantined): void {
    if (this.#quarantined.length < Math.min(this.#quarantineRoom, MAX_QUARANTINED_PER_BATCH)) {
      this.#quarantined.push(value);
      return;
    }
    const { deviceId, metric, timestamp, reason } = value;
    const why =
      this.#quarantined.length < MAX_QUARANTINED_PER_BATCH
        ? 'the quarantine is full: accept or discard its values'
        : `${MAX_QUARANTINED_PER_BATCH} implausible values of this batch are already quarantined`;
    const detail = `${reason}, and ${why}`;
    this.refuse({ deviceId, metric, timestamp, code: 'quarantine_full', detail });
  }

  build(blocks: readonly Block[]): Verdict {
    return {
      blocks,
      accepted: this.accepted,
      rejected: this.#rejected,
      refusals: this.#refusals,
      quarantined: this.#quarantined,
    };
  }
}
