import type { Block } from '../domain/columns/batch.ts';
import type { SeriesRefusal } from '../domain/series-limits.ts';
import { MAX_REJECTIONS_LISTED, type Refusal } from './validate.ts';

/** A series of a block that is not taken: positions among its devices and quantities. */
export interface RefusedSeries extends SeriesRefusal {
  readonly device: number;
  readonly column: number;
}

/** Takes the series of a block that are new; answers those that a limit refuses. */
export type Admit = (block: Block) => readonly RefusedSeries[];

export interface Admitted {
  /** What goes on: without refused series, and without columns that hold no value, of which a store would make columns all the same. */
  readonly blocks: readonly Block[];
  readonly rejected: number;
  /** The first refusals; `rejected` counts them all. */
  readonly refusals: readonly Refusal[];
  /** By `seriesKey`. */
  readonly refusedSeries: ReadonlySet<string>;
}

export function seriesKey(deviceId: string, metric: string): string {
  return `${deviceId} ${metric}`;
}

/** Holds the series of blocks against the limits, before anything is kept. The given blocks are not changed. */
export function admitSeries(blocks: readonly Block[], admit: Admit): Admitted {
  const refusals: Refusal[] = [];
  const refusedSeries = new Set<string>();
  let rejected = 0;
  const admitted = blocks.map((block) => {
    const refused = admit(block);
    if (refused.length === 0) return block;
    const width = block.quantities.length;
    const byPlace = new Map(refused.map((one) => [one.device * width + one.column, one]));
    const columns = block.columns.map((column) => column.slice());
    for (const c of new Set(refused.map(({ column }) => column))) {
      const column = columns[c]!;
      const metric = `${block.group}.${block.quantities[c]}`;
      for (let row = 0; row < column.length; row++) {
        if (Number.isNaN(column[row])) continue;
        const refusal = byPlace.get(block.device[row]! * width + c);
        if (refusal === undefined) continue;
        column[row] = Number.NaN;
        rejected++;
        const deviceId = block.devices[refusal.device]!;
        refusedSeries.add(seriesKey(deviceId, metric));
        const { code, detail } = refusal;
        if (refusals.length < MAX_REJECTIONS_LISTED)
          refusals.push({ deviceId, metric, timestamp: block.timestamps[row]!, code, detail });
      }
    }
    return { ...block, columns };
  });
  return { blocks: admitted.map(withoutEmptyColumns).filter(hasColumns), rejected, refusals, refusedSeries };
}

function hasValue(column: Float64Array): boolean {
  for (let row = 0; row < column.length; row++) if (!Number.isNaN(column[row])) return true;
  return false;
}

function hasColumns({ columns }: Block): boolean {
  return columns.length > 0;
}

function withoutEmptyColumns(block: Block): Block {
  const isFilled = block.columns.map(hasValue);
  if (isFilled.every(Boolean)) return block;
  const pick = <T>(list: readonly T[]) => list.filter((_, c) => isFilled[c]);
  return { ...block, quantities: pick(block.quantities), columns: pick(block.columns) };
}
