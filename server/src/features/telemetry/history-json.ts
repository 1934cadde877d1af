import type { EnergyDataAnswer } from '@wattkeeper/contract/telemetry.ts';
import { periodOf } from '../../domain/time/asked-window.ts';
import { isoTimes } from '../../domain/time/iso-time.ts';
import { MAX_PIECE_VALUES } from '../../http/paced-answer.ts';
import type { History } from './service.ts';

/** The JSON of `/telemetry` in pieces. Serialised by hand: it is the hot path, and the columns contain only numbers and instants. NaN becomes null. */
export function* historyJson({ window, bucket, downsampled, warnings, series }: History): Generator<string> {
  const period = JSON.stringify(periodOf(window));
  yield `{"time_period":${period},"bucket":"${bucket}","downsampled":${downsampled},"warnings":${JSON.stringify(warnings)},"series":[`;
  const timesOf = new Map<Float64Array, string>();
  for (const [i, { device, metric, unit, coverage, timestamps, columns }] of series.entries()) {
    const head = JSON.stringify({ device_id: device.id, device_name: device.name, metric, unit, coverage });
    yield `${i === 0 ? '' : ','}${head.slice(0, -1)},"timestamps":`;
    if (timestamps.length > MAX_PIECE_VALUES) yield* listPieces(timestamps, isoTimes);
    else {
      const known = timesOf.get(timestamps) ?? JSON.stringify(isoTimes(timestamps));
      timesOf.set(timestamps, known);
      yield known;
    }
    for (const [name, values] of columns) {
      yield `,"${name}":`;
      yield* listPieces(values, (piece) => Array.from(piece));
    }
    yield '}';
  }
  yield ']}';
}

function* listPieces(column: Float64Array, toItems: (piece: Float64Array) => unknown[]): Generator<string> {
  for (let from = 0; from === 0 || from < column.length; from += MAX_PIECE_VALUES) {
    const items = JSON.stringify(toItems(column.subarray(from, from + MAX_PIECE_VALUES))).slice(1, -1);
    const isLast = from + MAX_PIECE_VALUES >= column.length;
    yield `${from === 0 ? '[' : ','}${items}${isLast ? ']' : ''}`;
  }
}

/** Records of `/energy-data` per piece. */
const PIECE_RECORDS = 500;

/** The JSON of `/energy-data` in pieces. */
export function* energyDataJson({ items, next_cursor, warnings }: EnergyDataAnswer): Generator<string> {
  yield '{"items":[';
  for (let from = 0; from < items.length; from += PIECE_RECORDS)
    yield `${from === 0 ? '' : ','}${JSON.stringify(items.slice(from, from + PIECE_RECORDS)).slice(1, -1)}`;
  yield `],${JSON.stringify({ next_cursor, warnings }).slice(1)}`;
}
