import type { LiveReading } from '@wattkeeper/contract/live.ts';
import type { LatestSource } from './reading-changes.ts';

/** A message is complete when its readings have at least this many characters; the last piece of a device may exceed it. */
export const MIN_SLICE_CHARACTERS = 32 * 1024;
/** Maximum number of values of one device in one piece. */
export const MAX_VALUES_PER_PIECE = 200;

/** Readings as parts of JSON arrays, one part per message. */
export interface Slices {
  /** `items` may be empty; `more`: whether to call again. */
  next(): { readonly items: string; readonly more: boolean };
}

/** The values of these devices that changed after a revision. */
export function slicesOf(latest: LatestSource, deviceIds: Iterable<string>, after: number): Slices {
  const pieces = piecesOf(latest, deviceIds, after);
  return {
    next: () => {
      const parts: string[] = [];
      let characters = 0;
      for (let piece = pieces.next(); !piece.done; piece = pieces.next()) {
        parts.push(piece.value);
        characters += piece.value.length;
        if (characters >= MIN_SLICE_CHARACTERS) return { items: parts.join(','), more: true };
      }
      return { items: parts.join(','), more: false };
    },
  };
}

function* piecesOf(latest: LatestSource, deviceIds: Iterable<string>, after: number): Generator<string, void> {
  for (const deviceId of deviceIds) {
    let values = new Map<string, number>();
    let timestamp = Number.NEGATIVE_INFINITY;
    for (const sample of latest.of(deviceId)) {
      if (sample.revision <= after) continue;
      values.set(sample.metric, sample.value);
      timestamp = Math.max(timestamp, sample.timestamp);
      if (values.size < MAX_VALUES_PER_PIECE) continue;
      yield encode(deviceId, timestamp, values);
      values = new Map();
      timestamp = Number.NEGATIVE_INFINITY;
    }
    if (values.size > 0) yield encode(deviceId, timestamp, values);
  }
}

function encode(deviceId: string, timestamp: number, values: ReadonlyMap<string, number>): string {
  const reading: LiveReading = { device_id: deviceId, timestamp, values: Object.fromEntries(values) };
  return JSON.stringify(reading);
}
