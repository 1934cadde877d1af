import { isName } from '@wattkeeper/contract/names.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { cellText } from './cell-reader.ts';
import type { ReportBuilder } from './import-report.ts';
import type { Mapping } from './mapping.ts';

/** A row with its time. */
export interface TimedRow {
  readonly timestamp: number;
  readonly cells: readonly unknown[];
  /** Line or record of the file. */
  readonly position: number;
}

/** Converts rows of one shape into blocks that use device names. */
export interface Layout {
  /** The series whose order resolves repeated hours. */
  seriesOf(cells: readonly unknown[]): string;
  blocks(rows: readonly TimedRow[]): Block[];
}

export interface LayoutOptions {
  readonly mapping: Mapping;
  /** Columns of the cells of a row. */
  readonly columns: readonly string[];
  /** Unit in which a metric is stored; empty for a metric without a unit. */
  readonly unitOf: (metric: string) => string;
  readonly report: ReportBuilder;
}

/** The device named by a row, otherwise that of the mapping; null for an invalid device name. */
export function deviceOf(cells: readonly unknown[], index: number, fallback: string | undefined): string | null {
  const name = (index < 0 ? '' : cellText(cells[index]).trim()) || (fallback ?? '');
  return isName(name) ? name : null;
}
