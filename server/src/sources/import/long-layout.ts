import { isMetricName } from '@wattkeeper/contract/metric.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import { CellReader, cellText } from './cell-reader.ts';
import type { ReportBuilder } from './import-report.ts';
import { deviceOf, type Layout, type LayoutOptions, type TimedRow } from './layout.ts';
import type { Column, Mapping } from './mapping.ts';

interface Rows {
  readonly metric: string;
  readonly device: number[];
  readonly devices: Map<string, number>;
  readonly timestamps: number[];
  readonly values: number[];
}

interface NamedMetric {
  readonly metric: string;
  readonly device: string | undefined;
  readonly reader: CellReader;
}

/** Maximum number of cached names and units of a file. */
const MAX_NAMES = 100_000;
const PLAIN = { scale: 1, missing: [], numbers: {}, at_least: undefined, device: undefined } as const;

/** One row per value: its columns name device, metric and optionally the unit. */
export class LongLayout implements Layout {
  readonly #long: NonNullable<Mapping['long']>;
  readonly #options: LayoutOptions;
  readonly #report: ReportBuilder;
  readonly #index: { device: number; metric: number; value: number; unit: number };
  /** Name and unit in the file → metric, or the reason why it has none. */
  readonly #known = new Map<string, NamedMetric | { reason: string; detail: string } | 'ignored'>();

  constructor(options: LayoutOptions) {
    const { mapping, columns, unitOf } = options;
    const long = mapping.long as NonNullable<Mapping['long']>;
    this.#long = long;
    this.#options = options;
    this.#report = options.report;
    const at = (name: string | undefined) => (name === undefined ? -1 : columns.indexOf(name));
    this.#index = {
      device: at(mapping.device_column),
      metric: at(long.metric_column),
      value: at(long.value_column),
      unit: at(long.unit_column),
    };
    for (const column of Object.values(long.metrics)) new CellReader(column, unitOf(column.metric), mapping);
  }

  seriesOf(cells: readonly unknown[]): string {
    return `${cellText(cells[this.#index.device])}\n${cellText(cells[this.#index.metric])}`;
  }

  blocks(rows: readonly TimedRow[]): Block[] {
    const byMetric = new Map<string, Rows>();
    for (const row of rows) this.#take(row, byMetric);
    return [...byMetric.values()].map(({ metric, device, devices, timestamps, values }) => {
      const { group, quantity } = splitMetric(metric);
      return {
        group,
        quantities: [quantity],
        devices: [...devices.keys()],
        device: Int32Array.from(device),
        timestamps: Float64Array.from(timestamps),
        columns: [Float64Array.from(values)],
      };
    });
  }

  #take({ cells, position, timestamp }: TimedRow, byMetric: Map<string, Rows>): void {
    const name = cellText(cells[this.#index.metric]).trim();
    const found = this.#metricOf(name, cellText(cells[this.#index.unit]).trim());
    if (found === 'ignored') {
      this.#report.ignored++;
      return;
    }
    if ('reason' in found) {
      this.#report.reject(found.reason, position, found.detail);
      return;
    }
    const cell = cells[this.#index.value];
    const value = found.reader.read(cell);
    const device = found.device ?? deviceOf(cells, this.#index.device, this.#options.mapping.device);
    if (value === undefined) this.#report.reject('not_a_number', position, `${name} ${found.reader.complaint(cell)}`);
    else if (device === null)
      this.#report.reject('no_device', position, `does not name a device of 1 to 200 characters for ${name}`);
    else if (value === value) this.#keep({ metric: found.metric, device, timestamp, value }, byMetric);
  }

  #keep(
    { metric, device, timestamp, value }: { metric: string; device: string; timestamp: number; value: number },
    byMetric: Map<string, Rows>,
  ): void {
    const rows: Rows = byMetric.get(metric) ?? { metric, device: [], devices: new Map(), timestamps: [], values: [] };
    byMetric.set(metric, rows);
    const index = rows.devices.get(device) ?? rows.devices.size;
    rows.devices.set(device, index);
    rows.device.push(index);
    rows.timestamps.push(timestamp);
    rows.values.push(value);
    this.#report.series(device, metric)?.add(timestamp);
  }

  #metricOf(name: string, unit: string) {
    const key = `${unit}\n${name}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#find(name, unit);
    if (this.#known.size < MAX_NAMES) this.#known.set(key, found);
    return found;
  }

  #find(name: string, unit: string): NamedMetric | { reason: string; detail: string } | 'ignored' {
    const { mapping, unitOf } = this.#options;
    const mapped = ownValue(this.#long.metrics, name);
    if (mapped === undefined && !isMetricName(name)) {
      if (this.#long.others === 'ignore') return 'ignored';
      const names = Object.keys(this.#long.metrics);
      const allowed = names.length === 0 ? '' : `, or one of ${names.slice(0, 20).join(', ')}`;
      return {
        reason: 'unknown_metric',
        detail: `"${name.slice(0, 60)}" must be a metric such as load.power_kw${allowed}`,
      };
    }
    const metric = mapped?.metric ?? name;
    const column: Column = { ...(mapped ?? { ...PLAIN, metric, missing: [] }), unit: unit || mapped?.unit };
    try {
      return { metric, device: mapped?.device, reader: new CellReader(column, unitOf(metric), mapping) };
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      return { reason: 'unknown_unit', detail: `${name}: ${error.message}` };
    }
  }
}
