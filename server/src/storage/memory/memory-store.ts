import { emptyBuckets } from '../../domain/columns/aggregate.ts';
import type { Batch, Block } from '../../domain/columns/batch.ts';
import type { Frame } from '../../domain/columns/frame.ts';
import { Unavailable } from '../../domain/errors.ts';
import { NO_RULES } from '../../domain/series-rules.ts';
import type {
  AggregateRequest,
  Capabilities,
  CompactionReport,
  DeviceBuckets,
  LatestValue,
  ReadRequest,
  SeriesExtent,
  StoreStats,
  TelemetryStore,
} from '../backend.ts';
import { END_OF_TIME, MAX_FRAME_ROWS } from '../backend.ts';
import { aggregateRows, sampleWindow } from '../sample-window.ts';
import type { MemoryOptions } from './memory-options.ts';
import { Ring } from './memory-ring.ts';

/** Limits of a memory store. */
export interface MemoryBounds {
  /** Retained time span, milliseconds before the newest sample; Infinity: limited by `maxBytes` alone. */
  readonly spanMs: number;
  /** Limit of the memory of all rows; when it is exceeded, the oldest rows are removed, down to half of it. */
  readonly maxBytes: number;
}

/** Rows are removed when they exceed the span by this share of it, so that not every write has to check. */
const SWEEP_SHARE = 1 / 16;
/** Share of `maxBytes` that remains after an eviction: few large evictions are cheaper than many small ones. */
const SHARE_AFTER_EVICTION = 0.5;
/** Maximum number of cells that rings take at once: a ring with many columns must not exceed the limit meanwhile. */
const MAX_PART_CELLS = 1_048_576;

export async function openMemoryStore({ max_bytes: maxBytes }: MemoryOptions): Promise<MemoryStore> {
  return new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes });
}

/** The last hours in typed arrays: always present as a cache of the other stores, or the only store when persistence is off. */
export class MemoryStore implements TelemetryStore {
  readonly type = 'memory';
  readonly capabilities: Capabilities = {
    durable: false,
    bounded: true,
    compacts: false,
    isolated: true,
    lastInstant: END_OF_TIME,
    erases: true,
  };
  /** Group → device → rows. */
  readonly #groups = new Map<string, Map<string, Ring>>();
  #spanMs: number;
  readonly #maxBytes: number;
  readonly #now: () => number;
  #newest = Number.NEGATIVE_INFINITY;
  #swept = Number.NEGATIVE_INFINITY;
  #coveredSince = Number.NEGATIVE_INFINITY;
  /** Allocated bytes of the rings. */
  #bytes = 0;
  #closed = false;

  /** @param now the clock, epoch milliseconds: a sample from the future does not evict present ones */
  constructor({ spanMs, maxBytes }: MemoryBounds, now: () => number = Date.now) {
    this.#spanMs = spanMs;
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** Instant from which the store has every sample that it received; -Infinity while none was removed. Never decreases. */
  coveredSince(): number {
    return this.#coveredSince;
  }

  /** Changes the retained span; older rows are removed by one of the next writes. */
  setSpan(spanMs: number): void {
    this.#spanMs = spanMs;
    this.#swept = Number.NEGATIVE_INFINITY;
  }

  /** All rows, at most 65,536 per block; the columns are copies. */
  *blocks(): Generator<Block> {
    for (const [group, rings] of this.#groups) {
      for (const [deviceId, ring] of rings) {
        const quantities = [...ring.quantities];
        const { timestamps, columns } = ring.slice(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, quantities);
        for (let from = 0; from < timestamps.length; from += MAX_FRAME_ROWS) {
          const part = timestamps.subarray(from, from + MAX_FRAME_ROWS);
          yield {
            group,
            quantities,
            devices: [deviceId],
            device: new Int32Array(part.length),
            timestamps: part,
            columns: columns.map((column) => column.subarray(from, from + MAX_FRAME_ROWS)),
          };
        }
      }
    }
  }

  async write(batches: readonly Batch[]): Promise<void> {
    this.#check();
    for (const batch of batches) {
      for (const block of batch.blocks) {
        for (const part of this.#parts(block)) {
          this.#take(part);
          this.#evictByBytes();
        }
      }
    }
    this.#evictBySpan();
  }

  async *read(request: ReadRequest): AsyncIterable<Frame> {
    this.#check();
    const { group, quantities, window } = request;
    for (const deviceId of request.deviceIds) {
      const rows = this.#groups.get(group)?.get(deviceId)?.slice(window.start, window.end, quantities);
      if (rows === undefined) continue;
      for (let from = 0; from < rows.timestamps.length; from += MAX_FRAME_ROWS) {
        const to = from + MAX_FRAME_ROWS;
        const columns = rows.columns.map((column) => column.subarray(from, to));
        yield { deviceId, group, quantities, timestamps: rows.timestamps.subarray(from, to), columns };
      }
    }
  }

  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    this.#check();
    const bucketCount = Math.max(request.edges.length - 1, 0);
    return request.deviceIds.map((deviceId, i) => {
      const ring = this.#groups.get(request.group)?.get(deviceId);
      if (ring === undefined || bucketCount === 0) {
        return { deviceId, buckets: request.quantities.map(() => emptyBuckets(bucketCount)) };
      }
      const rules = request.rules[i] ?? NO_RULES;
      const { start, end } = sampleWindow(request.edges, request.quantities, rules);
      return { deviceId, buckets: aggregateRows(ring.slice(start, end, request.quantities), request, rules) };
    });
  }

  async latest(since: number): Promise<LatestValue[]> {
    this.#check();
    const found: LatestValue[] = [];
    this.#eachSeries((deviceId, metric, timestamps, values) => {
      for (let row = timestamps.length - 1; row >= 0 && timestamps[row]! >= since; row--) {
        const value = values[row]!;
        if (value !== value) continue;
        found.push({ deviceId, metric, timestamp: timestamps[row]!, value });
        return;
      }
    });
    return found;
  }

  async series(): Promise<SeriesExtent[]> {
    this.#check();
    const found: SeriesExtent[] = [];
    this.#eachSeries((deviceId, metric, timestamps, values) => {
      let count = 0;
      let first = Number.NaN;
      let last = Number.NaN;
      for (let row = 0; row < values.length; row++) {
        if (values[row] !== values[row]) continue;
        if (count++ === 0) first = timestamps[row]!;
        last = timestamps[row]!;
      }
      if (count > 0) found.push({ deviceId, metric, first, last, count });
    });
    return found;
  }

  async deleteBefore(instant: number, group: string | null): Promise<number> {
    this.#check();
    let gone = 0;
    for (const [name, rings] of this.#groups) {
      if (group !== null && name !== group) continue;
      for (const [device, ring] of rings) {
        const before = ring.length;
        ring.dropBefore(instant);
        gone += before - ring.length;
        if (ring.length === 0) this.#drop(rings, device, ring);
      }
    }
    return gone;
  }

  async deleteDevices(deviceIds: readonly string[]): Promise<void> {
    this.#check();
    for (const rings of this.#groups.values()) {
      for (const device of deviceIds) {
        const ring = rings.get(device);
        if (ring) this.#drop(rings, device, ring);
      }
    }
  }

  async erase(blocks: readonly Block[]): Promise<void> {
    this.#check();
    for (const { group, quantities, devices, device, timestamps, columns } of blocks) {
      for (const [index, id] of devices.entries()) {
        const ring = this.#groups.get(group)?.get(id);
        if (ring === undefined) continue;
        const rows = [...device.keys()].filter((row) => device[row] === index);
        this.#counted(ring, () => ring.erase(timestamps, columns, ring.place(quantities), rows));
      }
    }
  }

  async compact(): Promise<CompactionReport> {
    this.#check();
    return { days: 0, rows: 0 };
  }

  async stats(): Promise<StoreStats> {
    this.#check();
    let rows = 0;
    for (const ring of this.#rings()) rows += ring.length;
    return { sizeBytes: this.#bytes, rows };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#groups.clear();
    this.#bytes = 0;
  }

  #check(): void {
    if (this.#closed) throw new Unavailable('the memory store is closed: open a new one');
  }

  /** A block, in parts when its rows belong to rings with many columns. */
  *#parts(block: Block): Generator<Block> {
    const rings = this.#groups.get(block.group);
    const widths = block.devices.map((device) => rings?.get(device)?.quantities.length ?? 0);
    const width = widths.reduce((most, one) => Math.max(most, one), block.quantities.length);
    const rows = Math.max(1, Math.floor(MAX_PART_CELLS / width));
    if (rows >= block.device.length) return yield block;
    for (let from = 0; from < block.device.length; from += rows) {
      const part = <A extends Int32Array | Float64Array>(of: A) => of.subarray(from, from + rows) as A;
      const columns = block.columns.map(part);
      yield { ...block, device: part(block.device), timestamps: part(block.timestamps), columns };
    }
  }

  #take(block: Block): void {
    const { timestamps, columns, device } = block;
    const targets = block.devices.map((id) => this.#ring(block.group, id));
    const places: Int32Array[] = [];
    const late = new Map<number, number[]>();
    for (let from = 0; from < timestamps.length; ) {
      const index = device[from]!;
      const ring = targets[index]!;
      const before = ring.bytes;
      places[index] ??= ring.place(block.quantities);
      let previous = timestamps[from]!;
      let to = from + 1;
      if (previous > ring.last) {
        for (; to < timestamps.length && device[to] === index && timestamps[to]! > previous; to++) {
          previous = timestamps[to]!;
        }
        ring.append(timestamps, columns, places[index], from, to);
        if (previous > this.#newest) this.#newest = previous;
      } else {
        const rows = late.get(index);
        if (rows) rows.push(from);
        else late.set(index, [from]);
      }
      this.#bytes += ring.bytes - before;
      from = to;
    }
    for (const [index, rows] of late) {
      const ring = targets[index]!;
      this.#counted(ring, () => ring.merge(timestamps, columns, places[index]!, rows));
    }
  }

  #ring(group: string, device: string): Ring {
    const rings = this.#groups.get(group) ?? new Map<string, Ring>();
    this.#groups.set(group, rings);
    const known = rings.get(device);
    if (known) return known;
    const ring = new Ring();
    rings.set(device, ring);
    this.#bytes += ring.bytes;
    return ring;
  }

  #evictBySpan(): void {
    const cutoff = Math.min(this.#newest, this.#now()) - this.#spanMs;
    if (cutoff === Number.NEGATIVE_INFINITY || cutoff - this.#swept < this.#spanMs * SWEEP_SHARE) return;
    this.#swept = cutoff;
    this.#dropBefore(cutoff);
  }

  #evictByBytes(): void {
    if (this.#bytes <= this.#maxBytes) return;
    const target = this.#maxBytes * SHARE_AFTER_EVICTION;
    for (let used = this.#usedBytes(); used > target; used = this.#usedBytes()) {
      let oldest = Number.POSITIVE_INFINITY;
      let newest = Number.NEGATIVE_INFINITY;
      for (const ring of this.#rings()) {
        oldest = Math.min(oldest, ring.first);
        newest = Math.max(newest, ring.last);
      }
      // Rows are distributed evenly enough in time for a few steps; the last one may empty the store.
      const share = Math.max((used - target) / used, 1 / 64);
      this.#dropBefore(Math.max(oldest + (newest - oldest) * share, oldest + 1));
    }
    for (const ring of this.#rings()) this.#counted(ring, () => ring.shrink());
  }

  #dropBefore(instant: number): void {
    for (const rings of this.#groups.values()) {
      for (const [device, ring] of rings) {
        const dropped = ring.dropBefore(instant);
        if (dropped >= this.#coveredSince) this.#coveredSince = dropped + 1;
        if (ring.length === 0) this.#drop(rings, device, ring);
      }
    }
  }

  #drop(rings: Map<string, Ring>, device: string, ring: Ring): void {
    rings.delete(device);
    this.#bytes -= ring.bytes;
  }

  #counted(ring: Ring, change: () => void): void {
    const before = ring.bytes;
    change();
    this.#bytes += ring.bytes - before;
  }

  *#rings(): Iterable<Ring> {
    for (const rings of this.#groups.values()) yield* rings.values();
  }

  #usedBytes(): number {
    let bytes = 0;
    for (const ring of this.#rings()) bytes += ring.usedBytes;
    return bytes;
  }

  #eachSeries(visit: (deviceId: string, metric: string, timestamps: Float64Array, values: Float64Array) => void): void {
    for (const [group, rings] of this.#groups) {
      for (const [deviceId, ring] of rings) {
        const { timestamps, columns } = ring.view();
        for (const [c, quantity] of ring.quantities.entries()) {
          visit(deviceId, `${group}.${quantity}`, timestamps, columns[c]!);
        }
      }
    }
  }
}
