import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Buckets, emptyBuckets } from '../../domain/columns/aggregate.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import {
  type AggregateRequest,
  type CompactionReport,
  type DeviceBuckets,
  type LatestValue,
  MAX_FRAME_ROWS,
  type ReadRequest,
  type SeriesExtent,
  type StoreStats,
} from '../backend.ts';
import type { GroupRows } from '../coalesce.ts';
import { dropEmptyRows } from '../join-rows.ts';
import { aggregateDevices } from './aggregation.ts';
import { Appender, CHUNK_ROWS } from './appender.ts';
import { Catalog, type Group, RECENT_HEAD } from './catalog.ts';
import { planMoves, settle, trimSettled } from './compaction.ts';
import { type Connection, ConnectionPool, Engine, type EngineSettings } from './engine.ts';
import { marksOf, movesOf, withoutMarked } from './erasing.ts';
import { extentsOf, newestOf } from './newest.ts';
import { RecentExtents } from './recent-extents.ts';
import { copyTo, isWasteful } from './reclaim.ts';
import { type Sources, scan } from './scan.ts';
import { SettledCache } from './settled-cache.ts';
import { countByDay, divide, type Span } from './spans.ts';

/** Number of concurrent reads. */
const READERS = 3;
/** A frame of a span: the position of its device in the request. */
export interface SpanFrame {
  readonly position: number;
  readonly timestamps: Float64Array;
  readonly columns: readonly Float64Array[];
}

/** Telemetry in one DuckDB file; runs on a worker thread. Changes are serialised; reads run concurrently with them. */
export class TelemetryDatabase {
  readonly #settings: EngineSettings;
  readonly #readers: ConnectionPool;
  readonly #catalog: Catalog;
  #engine: Engine;
  #writer: Connection;
  readonly #sources: Sources;
  /** Settles when the previous change has ended. */
  /** One after the other, in the order of the calls. */
  readonly #changes = new SerialQueue();

  private constructor(settings: EngineSettings, opened: Opened, catalog: Catalog, sources: Sources) {
    this.#settings = settings;
    this.#engine = opened.engine;
    this.#writer = opened.writer;
    this.#readers = new ConnectionPool(opened.readers);
    this.#catalog = catalog;
    this.#sources = sources;
  }

  static async open(settings: EngineSettings): Promise<TelemetryDatabase> {
    await removeCopy(settings.path);
    const opened = await openEngine(settings);
    const catalog = await Catalog.load(opened.writer);
    const sources = { recent: new RecentExtents(), settled: new SettledCache() };
    for (const group of catalog.groups.values()) await sources.recent.load(opened.writer, group);
    return new TelemetryDatabase(settings, opened, catalog, sources);
  }

  write(writes: readonly GroupRows[]): Promise<void> {
    return this.#changes.run(async () => {
      await this.#catalog.register(this.#writer, writes);
      await this.#writer.transaction(async () => {
        for (const rows of writes) this.#append(rows);
      });
    });
  }

  /** Erases the values at the positions given by the rows: their days are rewritten without them. */
  erase(erasures: readonly GroupRows[]): Promise<void> {
    return this.#changes.run(async () => {
      for (const rows of erasures) {
        const group = this.#catalog.groups.get(rows.group);
        if (group === undefined) continue;
        const marks = marksOf(rows, group, (id) => this.#catalog.devices.get(id));
        for (const move of movesOf(marks))
          await this.#rewrite(group, () =>
            settle(this.#writer, group, move, (device, merged) => withoutMarked(merged, marks.get(device))),
          );
      }
    });
  }

  /** The first frames of a read, and the spans of the remaining frames, each small enough for memory. */
  async beginRead(request: ReadRequest): Promise<{ frames: SpanFrame[]; rest: Span[] }> {
    const group = this.#catalog.groups.get(request.group);
    if (group === undefined) return { frames: [], rest: [] };
    const numbers = this.#numbersOf(request.deviceIds);
    const counts = await this.#readers.use((connection) =>
      countByDay(connection, this.#sources, group, known(numbers), request.window),
    );
    const [first, ...rest] = divide(
      numbers.map((number) => (number === null ? undefined : counts.get(number))),
      request.window,
      MAX_FRAME_ROWS,
    );
    return { frames: first === undefined ? [] : await this.readSpan(request, first), rest };
  }

  async readSpan(request: ReadRequest, span: Span): Promise<SpanFrame[]> {
    const group = this.#catalog.groups.get(request.group);
    if (group === undefined) return [];
    const all = this.#numbersOf(request.deviceIds);
    const numbers = span.devices.map((position) => all[position] ?? null);
    const columns = columnsOf(group, request.quantities);
    const found = await this.#readers.use((connection) =>
      scan(connection, this.#sources, group, known(numbers), columns, span.window),
    );
    const frames: SpanFrame[] = [];
    for (const [i, position] of span.devices.entries()) {
      const rows = found.get(numbers[i]!);
      if (rows === undefined) continue;
      const { timestamps, columns: values } = dropEmptyRows(rows);
      if (timestamps.length > 0) frames.push({ position, timestamps, columns: values });
    }
    return frames;
  }

  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    const group = this.#catalog.groups.get(request.group);
    const numbers = this.#numbersOf(request.deviceIds);
    const answers =
      group === undefined
        ? new Map<number, Buckets[]>()
        : await aggregateDevices(
            this.#readers,
            this.#sources,
            group,
            numbers,
            columnsOf(group, request.quantities),
            request,
          );
    const buckets = Math.max(request.edges.length - 1, 0);
    return request.deviceIds.map((deviceId, position) => ({
      deviceId,
      buckets: answers.get(position) ?? request.quantities.map(() => emptyBuckets(buckets)),
    }));
  }

  async latest(since: number): Promise<LatestValue[]> {
    const answer: LatestValue[] = [];
    for (const group of this.#catalog.groups.values()) {
      const metrics = metricsOf(group);
      for (const { device, column, timestamp, value } of await this.#snapshot((c) => newestOf(c, group, since))) {
        answer.push({ deviceId: this.#deviceId(device), metric: metrics.get(column) as string, timestamp, value });
      }
    }
    return answer;
  }

  async series(): Promise<SeriesExtent[]> {
    const answer: SeriesExtent[] = [];
    for (const group of this.#catalog.groups.values()) {
      const metrics = metricsOf(group);
      for (const { device, column, first, last, count } of await this.#snapshot((c) => extentsOf(c, group))) {
        answer.push({ deviceId: this.#deviceId(device), metric: metrics.get(column) as string, first, last, count });
      }
    }
    return answer;
  }

  deleteBefore(instant: number, name: string | null): Promise<number> {
    return this.#changes.run(async () => {
      const connection = this.#writer;
      let gone = 0;
      for (const group of this.#catalog.groups.values()) {
        if (name !== null && group.name !== name) continue;
        await this.#rewrite(group, () =>
          connection.transaction(async () => {
            const recent = await connection.query(`SELECT count(*)::DOUBLE FROM ${group.recent} WHERE ts < ?`, [
              instant,
            ]);
            gone += recent.doubles(0)[0]!;
            await connection.query(`DELETE FROM ${group.recent} WHERE ts < ?`, [instant]);
            gone += await trimSettled(connection, group, instant);
          }),
        );
      }
      if (gone > 0) await this.#reclaimSpace();
      return gone;
    });
  }

  /** One group after the other: after an interruption, the next call deletes the others. */
  deleteDevices(deviceIds: readonly string[]): Promise<void> {
    return this.#changes.run(async () => {
      const numbers = known(this.#numbersOf(deviceIds));
      if (numbers.length === 0) return;
      for (const group of this.#catalog.groups.values()) {
        await this.#rewrite(group, () =>
          this.#writer.transaction(async () => {
            for (const table of [group.recent, group.settled])
              await this.#writer.run(`DELETE FROM ${table} WHERE device IN (${numbers.join(', ')})`);
          }),
        );
      }
      await this.#reclaimSpace();
    });
  }

  async compact(before: number, signal: AbortSignal): Promise<CompactionReport> {
    const cutoff = Math.floor(before / UTC_DAY_MS) * UTC_DAY_MS;
    const days = new Set<number>();
    let rows = 0;
    for (const group of this.#catalog.groups.values()) {
      for (const move of await this.#changes.run(() => planMoves(this.#writer, group, cutoff))) {
        signal.throwIfAborted();
        // Each move is a separate change, so that writes wait for one move at most.
        await this.#changes.run(() => this.#rewrite(group, () => settle(this.#writer, group, move)));
        for (const day of move.days) days.add(day);
        rows += move.rows;
      }
    }
    if (rows > 0) await this.#changes.run(() => this.#reclaimSpace());
    return { days: days.size, rows };
  }

  async stats(): Promise<StoreStats> {
    let rows = 0;
    for (const { recent, settled } of this.#catalog.groups.values()) {
      const result = await this.#readers.use((connection) =>
        connection.query(
          `SELECT ((SELECT count(*) FROM ${recent}) + (SELECT coalesce(sum(rows), 0) FROM ${settled}))::DOUBLE`,
        ),
      );
      rows += result.doubles(0)[0]!;
    }
    const sizes = await Promise.all([sizeOf(this.#settings.path), sizeOf(`${this.#settings.path}.wal`)]);
    return { sizeBytes: sizes[0] + sizes[1], rows };
  }

  async close(): Promise<void> {
    await this.#changes.run(async () => {
      await this.#readers.close();
      this.#writer.close();
      this.#engine.close();
    });
  }

  /**
   * Frees the space of moved and deleted rows: a file with much free space is copied to a new file, which replaces it by renaming, so that
   * a crash at any point leaves one complete file. Reads wait while the file is reopened.
   */
  async #reclaimSpace(): Promise<void> {
    const groups = [...this.#catalog.groups.values()];
    if (!(await isWasteful(this.#writer, groups))) return;
    const copy = copyOf(this.#settings.path);
    await removeCopy(this.#settings.path);
    await copyTo(this.#writer, copy, groups);
    const reopened = this.#readers.replace(async () => {
      this.#writer.close();
      this.#engine.close();
      await rename(copy, this.#settings.path);
      await syncFolder(dirname(this.#settings.path));
      const { engine, writer, readers } = await openEngine(this.#settings);
      this.#engine = engine;
      this.#writer = writer;
      return readers;
    });
    await reopened.catch((error) => {
      // Without connections no request can be answered: the thread ends, and waiting calls fail.
      setImmediate(() => {
        throw error;
      });
      throw error;
    });
  }

  /** A change that moves or deletes rows of a group. Recent extents shrink after it, before any read is answered from memory again. */
  #rewrite(group: Group, change: () => Promise<void>): Promise<void> {
    return this.#sources.settled.changing(group, async () => {
      await change();
      await this.#sources.recent.load(this.#writer, group);
    });
  }

  /** Several queries on the same snapshot. */
  #snapshot<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#readers.use((connection) => connection.transaction(() => work(connection)));
  }

  #append(rows: GroupRows): void {
    const group = this.#catalog.groups.get(rows.group) as Group;
    const numbers = Int32Array.from(rows.devices, (id) => this.#catalog.devices.get(id) as number);
    this.#sources.recent.add(group, rows, numbers);
    const device = rows.device.map((place) => numbers[place]!);
    const places = rows.quantities.map((quantity) => RECENT_HEAD + (group.quantities.get(quantity) as number));
    const given = new Set(places);
    const absent = [...group.quantities.values()].map((c) => RECENT_HEAD + c).filter((place) => !given.has(place));
    const appender = new Appender(this.#writer, group.recent);
    for (let from = 0; from < device.length; from += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, device.length - from);
      appender.doubles(0, rows.timestamps, from, count);
      appender.integers(1, device, from, count);
      for (const [c, place] of places.entries()) {
        appender.doubles(place, rows.columns[c]!, from, count);
      }
      for (const place of absent) appender.missing(place);
      appender.append(count);
    }
    appender.close();
  }

  #numbersOf(deviceIds: readonly string[]): (number | null)[] {
    return deviceIds.map((id) => this.#catalog.devices.get(id) ?? null);
  }

  #deviceId(number: number): string {
    return this.#catalog.deviceIds[number]!;
  }
}

interface Opened {
  readonly engine: Engine;
  readonly writer: Connection;
  readonly readers: readonly Connection[];
}

async function openEngine(settings: EngineSettings): Promise<Opened> {
  const engine = await Engine.open(settings);
  const readers: Connection[] = [];
  for (let i = 0; i < READERS; i++) readers.push(await engine.connect());
  return { engine, writer: await engine.connect(), readers };
}

function copyOf(path: string): string {
  return `${path}.copy`;
}

/** Removes the copy of an interrupted run, and its write-ahead log. */
async function removeCopy(path: string): Promise<void> {
  for (const left of [copyOf(path), `${copyOf(path)}.wal`]) await rm(left, { force: true });
}

/** Makes a rename in a folder durable. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path);
  await folder.sync().finally(() => folder.close());
}

function columnsOf(group: Group, quantities: readonly string[]): (number | null)[] {
  return quantities.map((quantity) => group.quantities.get(quantity) ?? null);
}

/** Column number → full metric name. */
function metricsOf(group: Group): Map<number, string> {
  return new Map([...group.quantities].map(([quantity, column]) => [column, `${group.name}.${quantity}`]));
}

function known(numbers: readonly (number | null)[]): number[] {
  return [...new Set(numbers.filter((number) => number !== null))];
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return found?.size ?? 0;
}
