import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import type { Repair, RepairOperation, RepairPreview, RepairRequest } from '@wattkeeper/contract/storage/repair.ts';
import { remainingChange, repairSeries, type SeriesChange } from '../../analytics/quality/repair-series.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { downsample } from '../../domain/columns/downsample.ts';
import { lowerBound, type Series, seriesOf } from '../../domain/columns/frame.ts';
import { Conflict, InvalidInput } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import { periodOf } from '../../domain/time/asked-window.ts';
import type { Window } from '../../domain/time/window.ts';
import { LATEST_LOOKBACK_MS } from '../../ingest/latest-values.ts';
import { newestSample } from '../../query/newest-sample.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import { packFrame, unpackFrame } from '../../storage/backup/packed-frame.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { RepairRecord, Repairs } from '../../storage/records/repairs.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';

/** Maximum number of samples that one repair changes: two months at one per minute. */
export const MAX_SAMPLES = 100_000;
const MAX_WINDOW_MS = 366 * UTC_DAY_MS;
const PREVIEW_POINTS = 1000;
/** Margin around a window in which neighbouring samples are read. */
const AROUND_MS = 7 * UTC_DAY_MS;
const LISTED = 200;

export interface RepairOptions {
  readonly repairs: Repairs;
  readonly queries: TelemetryQueries;
  readonly devices: DeviceDirectory;
  readonly describe: (metric: string) => Metric;
  /** Accepts a change like new readings. */
  readonly accept: (blocks: readonly Block[]) => Promise<void>;
  readonly latest: {
    forgetSeries(deviceId: string, metric: string): void;
    restore(deviceId: string, metric: string, timestamp: number, value: number): void;
  };
  /** Names of stores that cannot delete single values. */
  readonly cannotErase: () => readonly string[];
  /** Whether samples of a group in a window are in the archive, which is read-only. */
  readonly isArchived: (group: string, window: Window) => Promise<boolean>;
  /** Called after a change, so that the results derived from a site's readings in a window are computed again. */
  readonly onChanged: (siteId: string, window: Window) => Promise<void>;
  readonly now: () => number;
}

interface Plan {
  readonly device: DeviceRecord;
  readonly metric: Metric;
  readonly window: Window;
  readonly around: Series;
  readonly change: SeriesChange;
}

/** Corrects wrong samples, and can undo a correction: the original samples are stored. */
export class RepairService {
  readonly #options: RepairOptions;
  /** Runs one repair at a time. */
  readonly #queue = new SerialQueue();

  constructor(options: RepairOptions) {
    this.#options = options;
  }

  /** The effect of a repair. @throws as `apply` */
  async preview(request: RepairRequest): Promise<RepairPreview> {
    const { device, metric, window, around, change } = await this.#plan(request);
    const span = Math.max((window.end - window.start) / 2, HOUR_MS);
    const shown = { start: window.start - span, end: window.end + span };
    return {
      device_id: device.id,
      device_name: device.name,
      metric: metric.name,
      unit: metric.unit,
      time_period: periodOf(window),
      samples: cut(around, window).timestamps.length,
      ...countsOf(change),
      before: toSamples(cut(around, shown)),
      after: toSamples(cut(changed(around, change), shown)),
      warnings: implausible(change.after, metric),
    };
  }

  /**
   * Changes the samples of a window.
   * @throws InvalidInput for a window without samples or with too many; Conflict if they cannot be changed: archived, deleted, or in a store
   * that cannot delete single values; Unavailable while readings are not written to disk
   */
  apply(request: RepairRequest, actor: string): Promise<Repair> {
    return this.#queue.run(async () => {
      const { repairs } = this.#options;
      const { device, metric, window, change } = await this.#plan(request);
      const record = await repairs.add({
        deviceId: device.id,
        metric: metric.name,
        startAt: Math.min(window.start, change.after.timestamps[0] ?? window.start),
        endAt: Math.max(window.end, (change.after.timestamps.at(-1) ?? 0) + 1),
        operation: request.operation,
        reason: request.reason,
        actor,
        counts: countsOf(change),
        before: pack(device.id, metric.name, change.before),
        after: pack(device.id, metric.name, change.after),
      });
      try {
        await this.#make(record, change, remainingChange(change, await this.#seriesOf(record)));
      } catch (error) {
        await repairs.setState(record.id, 'undone', actor);
        throw error;
      }
      return this.#toRepair(await repairs.setState(record.id, 'applied'));
    });
  }

  /** Restores the original samples. @throws NotFound; Conflict if it is already undone, or a later repair depends on it */
  undo(id: string, actor: string): Promise<Repair> {
    return this.#queue.run(async () => {
      const { repairs } = this.#options;
      const record = await repairs.require(id);
      if (record.state !== 'applied') throw new Conflict('the repair is already undone');
      const later = await repairs.laterOf(record, { start: record.startAt, end: record.endAt });
      if (later.length > 0) {
        throw new Conflict(
          `${later.length === 1 ? 'a later repair depends' : `${later.length} later repairs depend`} on this one (${later.map((one) => one.id).join(', ')}): undo the later ones first`,
        );
      }
      await this.#refuseUnchangeable(record.metric, { start: record.startAt, end: record.endAt });
      await repairs.setState(id, 'undoing', actor);
      const { before, after } = changeOf(record);
      try {
        await this.#make(record, { before: after, after: before });
      } catch (error) {
        await repairs.setState(id, 'applied');
        throw error;
      }
      return this.#toRepair(await repairs.setState(id, 'undone', actor));
    });
  }

  /** Newest first. */
  async list(): Promise<Repair[]> {
    return (await this.#options.repairs.list(LISTED)).map((record) => this.#toRepair(record));
  }

  /** Completes repairs that a crash interrupted. Readings that arrived after a change already made are not changed. */
  async finishInterrupted(): Promise<void> {
    const { repairs } = this.#options;
    for (const record of await repairs.unfinished()) {
      const { before, after } = changeOf(record);
      const undoing = record.state === 'undoing';
      const change = undoing ? { before: after, after: before } : { before, after };
      await this.#make(record, change, remainingChange(change, await this.#seriesOf(record)));
      await repairs.setState(record.id, undoing ? 'undone' : 'applied');
    }
  }

  async #plan(request: RepairRequest): Promise<Plan> {
    const { devices, queries, describe } = this.#options;
    const device = devices.require(request.device_id);
    const window = { start: parseInstant(request.start), end: parseInstant(request.end) };
    checkWindow(window);
    if (!devices.metricsOf(device.id).includes(request.metric)) {
      const detail = `${device.name} has never reported ${request.metric}; it has ${devices.metricsOf(device.id).join(', ')}`;
      throw new InvalidInput(detail, { fields: [{ field: 'metric', detail }] });
    }
    const { group, quantity } = splitMetric(request.metric);
    const [frame] = await queries.frames({
      deviceIds: [device.id],
      group,
      quantities: [quantity],
      window: around(window, request.operation),
    });
    const series: Series = frame
      ? seriesOf(frame, quantity)
      : { timestamps: new Float64Array(), values: new Float64Array() };
    const cadence = devices.expectedIntervalMs(device.id) ?? medianSpacing(series.timestamps);
    const change = repairSeries(series, window, request.operation, cadence);
    const samples = Math.max(change.before.timestamps.length, change.after.timestamps.length);
    if (samples > MAX_SAMPLES)
      throw new InvalidInput(
        `the repair would change ${samples} samples; at most ${MAX_SAMPLES}; choose a shorter window`,
      );
    const touched = { start: window.start, end: Math.max(window.end, (change.after.timestamps.at(-1) ?? 0) + 1) };
    await this.#refuseUnchangeable(request.metric, touched);
    return { device, metric: describe(request.metric), window, around: series, change };
  }

  async #refuseUnchangeable(metric: string, window: Window): Promise<void> {
    const { queries, isArchived, cannotErase } = this.#options;
    const { group } = splitMetric(metric);
    const rawFrom = queries.rawFrom(group);
    if (window.start < rawFrom)
      throw new Conflict(
        `raw samples of ${group} before ${formatInstant(rawFrom)} are deleted: only later ones can be changed`,
      );
    if (await isArchived(group, window))
      throw new Conflict(`samples of ${group} in this window are in the archive, which is read-only`);
    const unable = cannotErase();
    if (unable.length > 0)
      throw new Conflict(
        `the store ${unable.join(', ')} cannot delete single values, which a repair or its undo requires`,
      );
  }

  /** The current samples around a repair. */
  async #seriesOf({ deviceId, metric, startAt, endAt }: RepairRecord): Promise<Series> {
    const { group, quantity } = splitMetric(metric);
    const window = { start: startAt, end: endAt };
    const [frame] = await this.#options.queries.frames({
      deviceIds: [deviceId],
      group,
      quantities: [quantity],
      window,
    });
    return frame ? seriesOf(frame, quantity) : { timestamps: new Float64Array(), values: new Float64Array() };
  }

  /** @param unmade the part of the change that is not made yet */
  async #make({ deviceId, metric }: RepairRecord, change: SeriesChange, unmade = change): Promise<void> {
    const { accept, latest, queries, now, devices, onChanged } = this.#options;
    const blocks = blocksOf(deviceId, metric, unmade);
    if (blocks.length > 0) await accept(blocks);
    latest.forgetSeries(deviceId, metric);
    const lately = { start: now() - LATEST_LOOKBACK_MS, end: now() + 1 };
    const newest = await newestSample(queries, deviceId, metric, lately);
    if (newest) latest.restore(deviceId, metric, newest.timestamp, newest.value);
    const siteId = devices.find(deviceId)?.siteId;
    const instants = [...change.before.timestamps, ...change.after.timestamps];
    if (siteId === undefined || instants.length === 0) return;
    const start = instants.reduce((min, instant) => Math.min(min, instant), Number.POSITIVE_INFINITY);
    const end = instants.reduce((max, instant) => Math.max(max, instant), Number.NEGATIVE_INFINITY) + 1;
    await onChanged(siteId, { start, end });
  }

  #toRepair(record: RepairRecord): Repair {
    const { id, deviceId, metric, startAt, endAt, reason, actor, state, counts, createdAt, undoneAt, undoneBy } =
      record;
    return {
      id,
      device_id: deviceId,
      device_name: this.#options.devices.find(deviceId)?.name ?? deviceId,
      metric,
      time_period: periodOf({ start: startAt, end: endAt }),
      operation: record.operation as RepairOperation,
      reason,
      actor,
      state: state === 'undone' ? 'undone' : 'applied',
      ...counts,
      created_at: formatInstant(createdAt),
      undone_at: undoneAt === null ? null : formatInstant(undoneAt),
      undone_by: undoneBy,
    };
  }
}

function checkWindow({ start, end }: Window): void {
  const wrong =
    start >= end
      ? `must be later than start; got ${formatInstant(end)}`
      : end - start > MAX_WINDOW_MS
        ? 'must be at most 366 days after start'
        : null;
  if (wrong !== null) throw new InvalidInput(`end ${wrong}`, { fields: [{ field: 'end', detail: wrong }] });
}

/** The window with its neighbours, extended by a shift. */
function around({ start, end }: Window, operation: RepairOperation): Window {
  const shift = operation.type === 'shift' ? operation.seconds * 1000 : 0;
  return { start: start - AROUND_MS + Math.min(shift, 0), end: end + AROUND_MS + Math.max(shift, 0) };
}

/** The blocks that make a change of one series: first the deletions, then the new values. */
function blocksOf(deviceId: string, metric: string, { before, after }: SeriesChange): Block[] {
  const { group, quantity } = splitMetric(metric);
  const stays = new Set(after.timestamps);
  const removed = before.timestamps.filter((instant) => !stays.has(instant));
  const block = (timestamps: Float64Array, values: Float64Array): Block => ({
    group,
    quantities: [quantity],
    devices: [deviceId],
    device: new Int32Array(timestamps.length),
    timestamps,
    columns: [values],
  });
  return [
    ...(removed.length > 0 ? [{ ...block(removed, new Float64Array(removed.length)), erases: true as const }] : []),
    ...(after.timestamps.length > 0 ? [block(after.timestamps, after.values)] : []),
  ];
}

function changed(series: Series, { before, after }: SeriesChange): Series {
  const removed = new Set(before.timestamps);
  const remaining = [...series.timestamps.entries()].filter(([, instant]) => !removed.has(instant));
  const all = new Map(remaining.map(([i, instant]) => [instant, series.values[i]!]));
  for (const [i, instant] of after.timestamps.entries()) all.set(instant, after.values[i]!);
  const timestamps = Float64Array.from(all.keys()).sort();
  return { timestamps, values: timestamps.map((instant) => all.get(instant) as number) };
}

function countsOf({ before, after }: SeriesChange): { changed: number; removed: number; added: number } {
  const old = new Map(Array.from(before.timestamps, (instant, i) => [instant, before.values[i]!]));
  let same = 0;
  let other = 0;
  for (const [i, instant] of after.timestamps.entries()) {
    if (!old.has(instant)) continue;
    if (old.get(instant) === after.values[i]) same++;
    else other++;
  }
  return { changed: other, removed: old.size - same - other, added: after.timestamps.length - same - other };
}

function implausible({ values }: Series, { minimum, maximum, unit, name }: Metric): string[] {
  const out = values.filter((value) => (minimum !== null && value < minimum) || (maximum !== null && value > maximum));
  if (out.length === 0) return [];
  return [`${out.length} values would be outside the plausible range of ${name}, such as ${out[0]} ${unit}`];
}

function medianSpacing(timestamps: Float64Array): number | null {
  if (timestamps.length < 4) return null;
  const spacings = timestamps
    .subarray(1)
    .map((instant, i) => instant - timestamps[i]!)
    .sort();
  return spacings[spacings.length >> 1]!;
}

function cut({ timestamps, values }: Series, { start, end }: Window): Series {
  const [from, to] = [lowerBound(timestamps, start), lowerBound(timestamps, end)];
  return { timestamps: timestamps.subarray(from, to), values: values.subarray(from, to) };
}

function toSamples(series: Series): RepairPreview['before'] {
  const { timestamps, values } = downsample(series, PREVIEW_POINTS);
  return { timestamps: Array.from(timestamps, formatInstant), value: Array.from(values) };
}

function pack(deviceId: string, metric: string, { timestamps, values }: Series): Uint8Array {
  const { group, quantity } = splitMetric(metric);
  return packFrame({ deviceId, group, quantities: [quantity], timestamps, columns: [values] });
}

function changeOf({ before, after }: RepairRecord): SeriesChange {
  return { before: unpack(before), after: unpack(after) };
}

function unpack(bytes: Uint8Array): Series {
  const { timestamps, columns } = unpackFrame(bytes);
  return { timestamps, values: columns[0]! };
}
