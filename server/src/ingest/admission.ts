import type { Block } from '../domain/columns/batch.ts';
import type { SeriesRefusal } from '../domain/series-limits.ts';
import { MAX_REJECTIONS_LISTED, type Refusal } from './validate.ts';

/** A rejected series of a block: its positions among the block's devices and quantities. */
export interface RefusedSeries extends SeriesRefusal {
  readonly device: number;
  readonly column: number;
}

/** Registers the new series of a block; returns those that exceed a limit. */
export type Admit = (block: Block) => readonly RefusedSeries[];

export interface Admitted {
  /** The remaining blocks: without rejected series, and without empty columns, which would still become columns of a store. */
  readonly blocks: readonly Block[];
  readonly rejected: number;
  /** The first rejections; `rejected` is their total number. */
  readonly refusals: readonly Refusal[];
  /** Keys from `seriesKey`. */
  readonly refusedSeries: ReadonlySet<string>;
}

export function seriesKey(deviceId: string, metric: string): string {
  return `${deviceId} ${metric}`;
}

/** Checks the series of blocks against the limits, before anything is stored. The given blocks are not changed. */
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
