import type { Block } from '../../domain/columns/batch.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import { CellReader, cellText } from './cell-reader.ts';
import type { ReportBuilder } from './import-report.ts';
import { deviceOf, type Layout, type LayoutOptions, type TimedRow } from './layout.ts';

interface MappedColumn {
  readonly name: string;
  readonly index: number;
  readonly group: string;
  readonly quantity: string;
  readonly metric: string;
  readonly device: string | null;
  readonly reader: CellReader;
}

/** One column per metric. */
export class WideLayout implements Layout {
  readonly #groups: readonly (readonly [MappedColumn, ...MappedColumn[]])[];
  readonly #deviceIndex: number;
  readonly #device: string | undefined;
  readonly #report: ReportBuilder;

  constructor({ mapping, columns, unitOf, report }: LayoutOptions) {
    this.#report = report;
    this.#device = mapping.device;
    this.#deviceIndex = mapping.device_column === undefined ? -1 : columns.indexOf(mapping.device_column);
    const mapped = Object.entries(mapping.columns).map(([name, column]) => ({
      name,
      index: columns.indexOf(name),
      ...splitMetric(column.metric),
      metric: column.metric,
      device: column.device ?? (this.#deviceIndex < 0 ? (mapping.device ?? null) : null),
      reader: new CellReader(column, unitOf(column.metric), mapping),
    }));
    const groups = Map.groupBy(mapped, ({ group, device }) => JSON.stringify([group, device]));
    this.#groups = [...groups.values()] as [MappedColumn, ...MappedColumn[]][];
  }

  seriesOf(cells: readonly unknown[]): string {
    return this.#deviceIndex < 0 ? '' : cellText(cells[this.#deviceIndex]);
  }

  blocks(rows: readonly TimedRow[]): Block[] {
    return this.#groups.map((columns) => this.#blockOf(columns, this.#named(columns[0], rows)));
  }

  /** Number of rows that name a device. */
  #named({ device, group }: MappedColumn, rows: readonly TimedRow[]): readonly TimedRow[] {
    if (device !== null) return rows;
    return rows.filter(({ cells, position }) => {
      if (deviceOf(cells, this.#deviceIndex, this.#device) !== null) return true;
      this.#report.reject('no_device', position, `does not name a device of 1 to 200 characters for ${group}`);
      return false;
    });
  }

  #blockOf(columns: readonly [MappedColumn, ...MappedColumn[]], rows: readonly TimedRow[]): Block {
    const { group, device } = columns[0];
    const names = new Map<string, number>();
    const devices = Int32Array.from(rows, ({ cells }) => {
      const name = device ?? (deviceOf(cells, this.#deviceIndex, this.#device) as string);
      const known = names.get(name) ?? names.size;
      names.set(name, known);
      return known;
    });
    const block = {
      group,
      device: devices,
      devices: [...names.keys()],
      timestamps: Float64Array.from(rows, ({ timestamp }) => timestamp),
      quantities: columns.map(({ quantity }) => quantity),
    };
    return { ...block, columns: columns.map((column) => this.#valuesOf(column, block, rows)) };
  }

  #valuesOf(column: MappedColumn, { device, devices }: Pick<Block, 'device' | 'devices'>, rows: readonly TimedRow[]) {
    const tallies = devices.map((name) => this.#report.series(name, column.metric));
    return Float64Array.from(rows, ({ cells, position, timestamp }, row) => {
      const value = column.reader.read(cells[column.index]);
      if (value === undefined) {
        const detail = `${column.name} ${column.reader.complaint(cells[column.index])}`;
        this.#report.reject('not_a_number', position, detail);
        return Number.NaN;
      }
      if (value === value) tallies[device[row]!]?.add(timestamp);
      return value;
    });
  }
}
