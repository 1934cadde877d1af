import type { Buckets } from '../../domain/columns/aggregate.ts';
import { type Rows, sliceRows } from '../../domain/columns/frame.ts';
import { NO_RULES } from '../../domain/series-rules.ts';
import type { Window } from '../../domain/time/window.ts';
import type { AggregateRequest } from '../backend.ts';
import { aggregateRows, sampleWindow, widestSampleWindow } from '../sample-window.ts';
import type { Group } from './catalog.ts';
import type { ConnectionPool } from './engine.ts';
import { type Sources, scan } from './scan.ts';
import { countByDay } from './spans.ts';

/** Maximum number of values in memory. */
const MAX_VALUES = 4_000_000;

/**
 * Aggregates devices, in portions, from unpacked columns: unpacking a cell and iterating over it is cheaper than SQL over rows.
 * @param numbers of the requested devices, null for an unknown device
 * @returns position of a device in the request → buckets; devices without rows are omitted
 */
export async function aggregateDevices(
  readers: ConnectionPool,
  sources: Sources,
  group: Group,
  numbers: readonly (number | null)[],
  columns: readonly (number | null)[],
  request: AggregateRequest,
): Promise<Map<number, Buckets[]>> {
  const answers = new Map<number, Buckets[]>();
  const window = widestSampleWindow(request);
  if (window === null) return answers;
  for (const positions of await portions(readers, sources, group, numbers, window, columns.length)) {
    const devices = [...new Set(positions.map((position) => numbers[position]!))];
    const found = await readers.use((connection) => scan(connection, sources, group, devices, columns, window));
    for (const position of positions) {
      const rows = found.get(numbers[position]!);
      if (rows !== undefined) answers.set(position, aggregateOne(rows, request, position));
    }
  }
  return answers;
}

function aggregateOne(rows: Rows, request: AggregateRequest, position: number): Buckets[] {
  const rules = request.rules[position] ?? NO_RULES;
  const { start, end } = sampleWindow(request.edges, request.quantities, rules);
  return aggregateRows(sliceRows(rows, start, end), request, rules);
}

/** Positions of known devices, in portions that fit into memory. */
async function portions(
  readers: ConnectionPool,
  sources: Sources,
  group: Group,
  numbers: readonly (number | null)[],
  window: Window,
  columnCount: number,
): Promise<number[][]> {
  const positions = [...numbers.keys()].filter((position) => numbers[position] !== null);
  if (positions.length <= 1) return positions.map((position) => [position]);
  const devices = [...new Set(positions.map((position) => numbers[position]!))];
  const counts = await readers.use((connection) => countByDay(connection, sources, group, devices, window));
  const rowsMax = MAX_VALUES / (columnCount + 1);
  const divided: number[][] = [];
  let sum = Number.POSITIVE_INFINITY;
  for (const position of positions) {
    let rows = 0;
    for (const count of counts.get(numbers[position]!)?.values() ?? []) rows += count;
    if (rows === 0) continue;
    sum += rows;
    if (sum > rowsMax) {
      divided.push([]);
      sum = rows;
    }
    divided.at(-1)?.push(position);
  }
  return divided;
}
