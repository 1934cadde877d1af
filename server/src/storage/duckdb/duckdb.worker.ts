import { serveCalls } from '../../domain/worker-calls.ts';
import type { AggregateRequest, ReadRequest } from '../backend.ts';
import type { GroupRows } from '../coalesce.ts';
import type { EngineSettings } from './engine.ts';
import { explainError } from './errors.ts';
import type { Span } from './spans.ts';
import { type SpanFrame, TelemetryDatabase } from './telemetry-database.ts';

let database: TelemetryDatabase;
let path = '';

const methods = {
  async open(_: AbortSignal, settings: EngineSettings) {
    path = settings.path;
    database = await TelemetryDatabase.open(settings);
    return { value: undefined };
  },
  async write(_: AbortSignal, writes: readonly GroupRows[]) {
    return { value: await database.write(writes) };
  },
  async erase(_: AbortSignal, erasures: readonly GroupRows[]) {
    return { value: await database.erase(erasures) };
  },
  async beginRead(_: AbortSignal, request: ReadRequest) {
    const value = await database.beginRead(request);
    return { value, transfer: buffersOf(value.frames) };
  },
  async readSpan(_: AbortSignal, request: ReadRequest, span: Span) {
    const value = await database.readSpan(request, span);
    return { value, transfer: buffersOf(value) };
  },
  async aggregate(_: AbortSignal, request: AggregateRequest) {
    const value = await database.aggregate(request);
    const columns = value.flatMap(({ buckets }) => buckets.flatMap((b) => Object.values(b) as Float64Array[]));
    return { value, transfer: [...new Set(columns.map((column) => column.buffer as ArrayBuffer))] };
  },
  async latest(_: AbortSignal, since: number) {
    return { value: await database.latest(since) };
  },
  async series() {
    return { value: await database.series() };
  },
  async deleteBefore(_: AbortSignal, instant: number, group: string | null) {
    return { value: await database.deleteBefore(instant, group) };
  },
  async deleteDevices(_: AbortSignal, deviceIds: readonly string[]) {
    return { value: await database.deleteDevices(deviceIds) };
  },
  async compact(signal: AbortSignal, before: number) {
    return { value: await database.compact(before, signal) };
  },
  async stats() {
    return { value: await database.stats() };
  },
  async close() {
    return { value: await database.close() };
  },
};

function buffersOf(frames: readonly SpanFrame[]): ArrayBuffer[] {
  const buffers = frames.flatMap(({ timestamps, columns }) => [timestamps.buffer, ...columns.map((c) => c.buffer)]);
  return [...new Set(buffers)] as ArrayBuffer[];
}

/** The methods of the DuckDB worker. */
export type DuckDbMethods = typeof methods;

serveCalls(methods, (error) => explainError(path, error));
