import { isName } from '@wattkeeper/contract/names.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { cellText } from './cell-reader.ts';
import type { ReportBuilder } from './import-report.ts';
import type { Mapping } from './mapping.ts';

/** A row whose time is known. */
export interface TimedRow {
  readonly timestamp: number;
  readonly cells: readonly unknown[];
  /** Line or record of the file. */
  readonly position: number;
}

/** Turns rows of one shape into blocks whose devices are named. */
export interface Layout {
  /** The series whose order tells the turns of a repeated hour apart. */
  seriesOf(cells: readonly unknown[]): string;
  blocks(rows: readonly TimedRow[]): Block[];
}

export interface LayoutOptions {
  readonly mapping: Mapping;
  /** Columns that the cells of a row hold. */
  readonly columns: readonly string[];
  /** Unit that a metric is kept in; empty when it has none. */
  readonly unitOf: (metric: string) => string;
  readonly report: ReportBuilder;
}

/** The device that a row names, or else that of the mapping; null for one that cannot be a device's name. */
export function deviceOf(cells: readonly unknown[], index: number, fallback: string | undefined): string | null {
  const name = (index < 0 ? '' : cellText(cells[index]).trim()) || (fallback ?? '');
  return isName(name) ? name : null;
}
