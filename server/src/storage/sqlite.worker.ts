import type { AggregateRequest, ReadRequest } from './backend.ts';
import type { GroupRows } from './coalesce.ts';
import { explainSqliteRejection, translateSqliteError } from './records/sqlite-errors.ts';
import { TelemetryFile } from './sqlite/telemetry-file.ts';
import { serveCalls } from './worker-calls.ts';

let file: TelemetryFile;
let path = '';

const methods = {
  async open(_: AbortSignal, settings: { readonly path: string; readonly cacheMb: number }) {
    path = settings.path;
    file = new TelemetryFile(path, settings.cacheMb);
    return { value: undefined };
  },
  async write(_: AbortSignal, writes: readonly GroupRows[]) {
    return { value: file.write(writes) };
  },
  async erase(_: AbortSignal, erasures: readonly GroupRows[]) {
    return { value: file.erase(erasures) };
  },
  async readPiece(_: AbortSignal, request: ReadRequest, position: number, from: number) {
    return { value: file.readPiece(request, position, from) };
  },
  async aggregate(_: AbortSignal, request: AggregateRequest) {
    return { value: file.aggregate(request) };
  },
  async latest(_: AbortSignal, since: number) {
    return { value: file.latest(since) };
  },
  async series() {
    return { value: file.series() };
  },
  async deleteBefore(_: AbortSignal, instant: number, group: string | null) {
    return { value: file.deleteBefore(instant, group) };
  },
  async stats() {
    return { value: file.stats() };
  },
  async close() {
    return { value: file.close() };
  },
};

/** What the SQLite worker serves. */
export type SqliteMethods = typeof methods;

serveCalls(methods, (error) => explainSqliteRejection(translateSqliteError(error, path), path));
