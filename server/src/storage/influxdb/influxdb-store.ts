import type { Batch } from '../../domain/columns/batch.ts';
import { type Frame, mergeRows, type Rows } from '../../domain/columns/frame.ts';
import { Conflict, Unavailable } from '../../domain/errors.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import type { Window } from '../../domain/time/window.ts';
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
import { coalesce, type GroupRows } from '../coalesce.ts';
import { dropEmptyRows, splitByDevice } from '../join-rows.ts';
import { aggregatePieces } from '../sample-window.ts';
import { InfluxClient } from './client.ts';
import type { InfluxDbOptions } from './influxdb-options.ts';
import {
  decodeName,
  encodeName,
  fieldIdentifier,
  fieldInLine,
  identifier,
  literal,
  measurementInLine,
  tagInLine,
} from './names.ts';

/** Approximate size of one write request, characters. */
const WRITE_CHARS = 4_000_000;
/** Maximum number of statements in one query request. */
const STATEMENTS_PER_QUERY = 60;
/** Field types that other writers may use in the same measurement. */
const NUMERIC: ReadonlySet<unknown> = new Set(['float', 'integer', 'unsigned']);
/** InfluxDB counts nanoseconds in 64 bits, which ends in 2262. */
const LAST_MS = 9_223_372_036_854;

/** @throws Unavailable when the server does not answer, rejects the credentials, or has no such bucket */
export async function openInfluxDbStore(options: InfluxDbOptions): Promise<TelemetryStore> {
  const client = new InfluxClient(options, 'configuration');
  await client.open();
  return new InfluxDbStore(client);
}

class InfluxDbStore implements TelemetryStore {
  readonly type = 'influxdb';
  readonly capabilities: Capabilities = {
    durable: true,
    bounded: false,
    compacts: false,
    isolated: false,
    lastInstant: LAST_MS,
    erases: false,
  };
  readonly #client: InfluxClient;
  /** Changes run one after the other, in the order of the calls. */
  readonly #changes = new SerialQueue();
  #closed = false;

  constructor(client: InfluxClient) {
    this.#client = client;
  }

  write(batches: readonly Batch[]): Promise<void> {
    const bodies = [...bodiesOf(coalesce(batches))];
    return this.#inTurn(async () => {
      for (const body of bodies) await this.#client.write(body);
    });
  }

  async *read({ deviceIds, group, quantities, window }: ReadRequest): AsyncIterable<Frame> {
    this.#refuseClosed();
    for (const deviceId of deviceIds) {
      for await (const rows of this.#pieces(deviceId, group, quantities, window)) {
        const { timestamps, columns } = dropEmptyRows(rows);
        if (timestamps.length > 0) yield { deviceId, group, quantities, timestamps, columns };
      }
    }
  }

  /** InfluxQL's mean is weighted by samples instead of time, so buckets are computed here from the samples. */
  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    this.#refuseClosed();
    const { group, quantities } = request;
    return aggregatePieces(request, (deviceId, window) => this.#pieces(deviceId, group, quantities, window));
  }

  async latest(since: number): Promise<LatestValue[]> {
    const newest = await this.#ofEveryField(
      ({ field }) => [`last(${fieldIdentifier(field)})`],
      `WHERE time >= ${Math.ceil(Math.max(since, -LAST_MS))}ms`,
    );
    return newest.map(({ deviceId, metric, answers: [last] }) => ({
      deviceId,
      metric,
      timestamp: last?.timestamp as number,
      value: last?.value as number,
    }));
  }

  async series(): Promise<SeriesExtent[]> {
    const found = await this.#ofEveryField(
      ({ field }) => ['first', 'last', 'count'].map((of) => `${of}(${fieldIdentifier(field)})`),
      '',
    );
    return found.map(({ deviceId, metric, answers: [first, last, count] }) => ({
      deviceId,
      metric,
      first: first?.timestamp as number,
      last: last?.timestamp as number,
      count: count?.value as number,
    }));
  }

  deleteBefore(instant: number, name: string | null): Promise<number> {
    return this.#inTurn(async () => {
      const before = Math.ceil(Math.min(Math.max(instant, -LAST_MS), LAST_MS));
      let gone = 0;
      for (const group of name === null ? await this.#groups() : [name]) {
        const rows = `SELECT * FROM ${identifier(group)} WHERE time < ${before}ms GROUP BY device_id`;
        let found = 0;
        for await (const { series } of this.#client.stream(rows)) found += series.values.length;
        if (found > 0) await this.#client.delete(encodeName(group), before);
        gone += found;
      }
      return gone;
    });
  }

  deleteDevices(deviceIds: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const deviceId of deviceIds) await this.#client.deleteTagged('device_id', encodeName(deviceId));
    });
  }

  async erase(): Promise<void> {
    this.#refuseClosed();
    throw new Conflict(
      'InfluxDB cannot delete single values of a point, only whole points: erasing could delete other values',
    );
  }

  async compact(): Promise<CompactionReport> {
    this.#refuseClosed();
    return { days: 0, rows: 0 };
  }

  async stats(): Promise<StoreStats> {
    this.#refuseClosed();
    return { sizeBytes: null, rows: null };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#changes.run(async () => {});
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#gone());
    return this.#changes.run(change);
  }

  #refuseClosed(): void {
    if (this.#closed) throw this.#gone();
  }

  #gone(): Unavailable {
    return new Unavailable(`the InfluxDB store ${this.#client.place} is closed: open it again`);
  }

  async *#pieces(
    deviceId: string,
    group: string,
    quantities: readonly string[],
    { start, end }: Window,
  ): AsyncGenerator<Rows> {
    const distinct = [...new Set(quantities)];
    if (distinct.length === 0) return;
    const [from, to] = [Math.ceil(Math.max(start, -LAST_MS)), Math.ceil(Math.min(end, LAST_MS))];
    const fields = distinct.map((quantity, i) => `${fieldIdentifier(quantity)} AS v${i}`).join(', ');
    const statement = `SELECT ${fields} FROM ${identifier(group)} WHERE device_id = ${literal(deviceId)} AND time >= ${from}ms AND time < ${to}ms`;
    for await (const { series } of this.#client.stream(statement)) {
      const places = quantities.map((quantity) => series.columns.indexOf(`v${distinct.indexOf(quantity)}`));
      yield {
        timestamps: Float64Array.from(series.values, ([time]) => time as number),
        columns: places.map((place) =>
          // biome-ignore lint/plugin: a field of a row is a number or null
          Float64Array.from(series.values, (row) => (row[place] as number | null) ?? Number.NaN),
        ),
      };
    }
  }

  /** `SHOW MEASUREMENTS` of 2.x always answers for the default retention policy. */
  async #groups(): Promise<ReadonlySet<string>> {
    const found = await this.#client.query('SHOW FIELD KEYS');
    return new Set(found.map(({ series }) => decodeName(series.name)));
  }

  /**
   * Queries selectors of every numeric field, by device. Each selector is a separate statement: only then does InfluxQL return its instant.
   */
  async #ofEveryField(selectors: (of: { field: string }) => string[], where: string) {
    this.#refuseClosed();
    const statements: { group: string; field: string; selector: number; text: string }[] = [];
    for (const { series } of await this.#client.query('SHOW FIELD KEYS')) {
      const group = decodeName(series.name);
      for (const [name, type] of series.values) {
        if (!NUMERIC.has(type)) continue;
        const field = decodeName(String(name));
        for (const [selector, of] of selectors({ field }).entries()) {
          const text = `SELECT ${of} AS value FROM ${identifier(group)} ${where} GROUP BY device_id`;
          statements.push({ group, field, selector, text });
        }
      }
    }
    const found = new Map<
      string,
      { deviceId: string; metric: string; answers: { timestamp: number; value: number }[] }
    >();
    for (let from = 0; from < statements.length; from += STATEMENTS_PER_QUERY) {
      const part = statements.slice(from, from + STATEMENTS_PER_QUERY);
      for await (const { statement, series } of this.#client.stream(part.map(({ text }) => text).join('; '))) {
        const { group, field, selector } = part[statement]!;
        const deviceId = decodeName(series.tags?.device_id ?? '');
        // biome-ignore lint/plugin: a selector answers one row of a time and a number
        const [timestamp, value] = series.values[0] as [number, number];
        const key = `${deviceId}\n${group}\n${field}`;
        const one = found.get(key) ?? { deviceId, metric: `${group}.${field}`, answers: [] };
        one.answers[selector] = { timestamp, value };
        found.set(key, one);
      }
    }
    return [...found.values()];
  }
}

/** Rows as line protocol, each instant of a device once, in request bodies of limited size. */
function* bodiesOf(groups: readonly GroupRows[]): Generator<string> {
  let lines: string[] = [];
  let chars = 0;
  for (const rows of groups) {
    const measurement = measurementInLine(rows.group);
    const keys = rows.quantities.map(fieldInLine);
    for (const [place, part] of splitByDevice(rows.device, rows)) {
      const head = `${measurement},device_id=${tagInLine(rows.devices[place]!)} `;
      const { timestamps, columns } = mergeRows(part);
      for (const [row, instant] of timestamps.entries()) {
        const fields = columns.flatMap((column, c) => (Number.isNaN(column[row]) ? [] : [`${keys[c]}=${column[row]}`]));
        if (fields.length === 0) continue;
        const line = `${head}${fields.join(',')} ${instant}`;
        lines.push(line);
        chars += line.length;
        if (chars < WRITE_CHARS) continue;
        yield lines.join('\n');
        lines = [];
        chars = 0;
      }
    }
  }
  if (lines.length > 0) yield lines.join('\n');
}
