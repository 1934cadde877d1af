import { parseInstant } from '@wattkeeper/contract/common.ts';
import { metricNameFault } from '@wattkeeper/contract/metric.ts';
import { nameFault } from '@wattkeeper/contract/names.ts';
import { MAX_READINGS, type RejectedValue } from '@wattkeeper/contract/reading.ts';
import { closest } from '../../domain/closest.ts';
import { type Block, isSparse, withUsedDevices } from '../../domain/columns/batch.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';

export interface DecodedReadings {
  /** Devices by the names in the readings. */
  readonly blocks: readonly Block[];
  /** The first rejections; `rejected` is their total number. */
  readonly errors: readonly RejectedValue[];
  readonly rejected: number;
  /** For each block and row, the index of the reading in the request. */
  readonly indexes: readonly (readonly number[])[];
}

const MAX_ERRORS_LISTED = 100;
const KEYS = ['device_id', 'timestamp', 'values'];

/**
 * Decodes the readings of `POST /readings` (one or many, as parsed from JSON) into blocks. A bad value is rejected individually; the good
 * values of its reading are accepted.
 * @throws InvalidInput for a body that is not an object or a list, and for too many readings
 */
export function decodeReadings(body: unknown): DecodedReadings {
  const readings = Array.isArray(body) ? body : [body];
  if (readings.length > MAX_READINGS) {
    throw new InvalidInput(`a request may have at most ${MAX_READINGS} readings; got ${readings.length}`);
  }
  if (!Array.isArray(body) && (typeof body !== 'object' || body === null)) {
    throw new InvalidInput(
      `the body must be a reading {device_id, timestamp, values} or a list of them; got ${describe(body)}`,
    );
  }
  const builder = new ReadingsBuilder();
  for (const [index, reading] of readings.entries()) builder.add(index, reading);
  return builder.build();
}

interface GroupRows {
  readonly quantities: Map<string, number>;
  readonly devices: Map<string, number>;
  readonly device: number[];
  readonly timestamps: number[];
  readonly index: number[];
  /** For each row, pairs of column and value. */
  readonly cells: (readonly [number, number])[][];
}

type MetricParts =
  | { readonly group: string; readonly quantity: string; readonly fault?: undefined }
  | { readonly fault: string };

class ReadingsBuilder {
  readonly #groups = new Map<string, GroupRows>();
  readonly #names = new Map<string, MetricParts>();
  readonly #errors: RejectedValue[] = [];
  #rejected = 0;

  add(index: number, reading: unknown): void {
    if (typeof reading !== 'object' || reading === null || Array.isArray(reading)) {
      this.#refuse(
        index,
        null,
        'invalid_reading',
        `a reading must be an object {device_id, timestamp, values}; got ${describe(reading)}`,
      );
      return;
    }
    const { device_id: device, timestamp, values, ...others } = reading as Record<string, unknown>;
    for (const key of Object.keys(others)) this.#leaveOut(index, key);
    const count = typeof values === 'object' && values !== null ? Math.max(Object.keys(values).length, 1) : 1;
    const fault = typeof device === 'string' ? nameFault(device) : `must be a text; got ${describe(device)}`;
    if (typeof device !== 'string' || fault !== null) {
      this.#refuse(index, null, 'invalid_device', `device_id ${fault}`, count);
      return;
    }
    const instant = typeof timestamp === 'string' ? parseInstant(timestamp) : Number.NaN;
    if (Number.isNaN(instant)) {
      const detail = `timestamp must be an ISO 8601 time with an offset between 1970 and 2199; got ${describe(timestamp)}`;
      this.#refuse(index, null, 'invalid_timestamp', detail, count);
      return;
    }
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      this.#refuse(index, null, 'invalid_values', `values must be an object {metric: number}; got ${describe(values)}`);
      return;
    }
    this.#addValues(index, device, instant, Object.entries(values));
  }

  build(): DecodedReadings {
    const groups = [...this.#groups].flatMap(([group, rows]) => toBlocks(group, rows));
    return {
      blocks: groups.map(({ block }) => block),
      indexes: groups.map(({ index }) => index),
      errors: this.#errors,
      rejected: this.#rejected,
    };
  }

  #addValues(index: number, device: string, instant: number, values: readonly (readonly [string, unknown])[]): void {
    const rowOf = new Map<GroupRows, (readonly [number, number])[]>();
    for (const [metric, value] of values) {
      const named = this.#nameOf(metric);
      if (named.fault !== undefined) {
        this.#refuse(index, metric, 'invalid_metric', named.fault);
        continue;
      }
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        this.#refuse(index, metric, 'invalid_value', `must be a finite number; got ${describe(value)}`);
        continue;
      }
      const rows = this.#rowsOf(named.group);
      const cells = rowOf.get(rows) ?? startRow(rows, index, device, instant);
      rowOf.set(rows, cells);
      cells.push([positionOf(rows.quantities, named.quantity), value]);
    }
  }

  /** Group and quantity of a metric, or the error in its name; computed once per name. */
  #nameOf(metric: string): MetricParts {
    const known = this.#names.get(metric);
    if (known !== undefined) return known;
    const fault = metricNameFault(metric);
    const named = fault === null ? splitMetric(metric) : { fault: `the metric's name ${fault}` };
    this.#names.set(metric, named);
    return named;
  }

  #rowsOf(group: string): GroupRows {
    const known = this.#groups.get(group);
    if (known) return known;
    const rows: GroupRows = {
      quantities: new Map(),
      devices: new Map(),
      device: [],
      timestamps: [],
      index: [],
      cells: [],
    };
    this.#groups.set(group, rows);
    return rows;
  }

  #leaveOut(index: number, key: string): void {
    if (this.#errors.length >= MAX_ERRORS_LISTED) return;
    const nearest = closest(key, KEYS);
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    const detail = `${describe(key)} is not a key of a reading and is ignored${hint} Allowed: ${KEYS.join(', ')}`;
    this.#errors.push({ index, metric: null, code: 'unknown_key', detail });
  }

  #refuse(index: number, metric: string | null, code: string, detail: string, count = 1): void {
    this.#rejected += count;
    if (this.#errors.length < MAX_ERRORS_LISTED)
      this.#errors.push({ index, metric: metric?.toWellFormed() ?? null, code, detail });
  }
}

function startRow(rows: GroupRows, index: number, device: string, instant: number): (readonly [number, number])[] {
  const cells: (readonly [number, number])[] = [];
  rows.device.push(positionOf(rows.devices, device));
  rows.timestamps.push(instant);
  rows.index.push(index);
  rows.cells.push(cells);
  return cells;
}

function positionOf(positions: Map<string, number>, key: string): number {
  const known = positions.get(key);
  if (known !== undefined) return known;
  positions.set(key, positions.size);
  return positions.size - 1;
}

/** One block, or several if the rows have many different quantities: a column has space for a value of each row. */
function toBlocks(group: string, rows: GroupRows): { block: Block; index: readonly number[] }[] {
  const blocks: { block: Block; index: readonly number[] }[] = [];
  for (let from = 0; from < rows.cells.length; ) {
    const used = new Map<number, number>();
    let values = 0;
    let to = from;
    for (; to < rows.cells.length; to++) {
      const cells = rows.cells[to]!;
      const fresh = cells.filter(([column]) => !used.has(column)).length;
      if (to > from && isSparse(to + 1 - from, used.size + fresh, values + cells.length)) break;
      for (const [column] of cells) used.set(column, used.get(column) ?? used.size);
      values += cells.length;
    }
    blocks.push({ block: toBlock(group, rows, used, from, to), index: rows.index.slice(from, to) });
    from = to;
  }
  return blocks;
}

function toBlock(group: string, rows: GroupRows, used: ReadonlyMap<number, number>, from: number, to: number): Block {
  const [names, devices] = [[...rows.quantities.keys()], [...rows.devices.keys()]];
  const columns = Array.from(used, () => new Float64Array(to - from).fill(Number.NaN));
  for (let row = from; row < to; row++) {
    for (const [column, value] of rows.cells[row]!) columns[used.get(column)!]![row - from] = value;
  }
  return withUsedDevices({
    group,
    quantities: Array.from(used.keys(), (column) => names[column]!),
    devices,
    device: Int32Array.from(rows.device.slice(from, to)),
    timestamps: Float64Array.from(rows.timestamps.slice(from, to)),
    columns,
  });
}

function describe(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text;
}
