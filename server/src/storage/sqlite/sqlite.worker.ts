import { Unavailable } from '../../domain/errors.ts';
import { serveCalls } from '../../domain/worker-calls.ts';
import type { AggregateRequest, ReadRequest } from '../backend.ts';
import type { GroupRows } from '../coalesce.ts';
import { explainSqliteRejection, translateSqliteError } from '../records/engine/sqlite-errors.ts';
import { isDamage } from './damage.ts';
import { noteDamage, openRepaired } from './repair.ts';
import type { TelemetryFile } from './telemetry-file.ts';

let file: TelemetryFile | undefined;
let path = '';

const methods = {
  async open(_: AbortSignal, place: string) {
    path = place;
    file = openRepaired(path);
    return { value: undefined };
  },
  async write(_: AbortSignal, writes: readonly GroupRows[]) {
    return { value: opened().write(writes) };
  },
  async erase(_: AbortSignal, erasures: readonly GroupRows[]) {
    return { value: opened().erase(erasures) };
  },
  async readPiece(_: AbortSignal, request: ReadRequest, position: number, from: number) {
    return { value: opened().readPiece(request, position, from) };
  },
  async aggregate(_: AbortSignal, request: AggregateRequest) {
    return { value: await opened().aggregate(request) };
  },
  async latest(_: AbortSignal, since: number) {
    return { value: opened().latest(since) };
  },
  async series() {
    return { value: await opened().series() };
  },
  async deleteBefore(_: AbortSignal, instant: number, group: string | null) {
    return { value: opened().deleteBefore(instant, group) };
  },
  async deleteDevices(_: AbortSignal, deviceIds: readonly string[]) {
    return { value: opened().deleteDevices(deviceIds) };
  },
  async stats() {
    return { value: opened().stats() };
  },
  async close() {
    return { value: opened().close() };
  },
};

function opened(): TelemetryFile {
  if (file === undefined) throw new Unavailable(`the SQLite store ${path} is not open`);
  return file;
}

/** Damage is recorded next to the file, which is replaced the next time it is opened. */
function explain(error: unknown): unknown {
  const diagnosed = file?.diagnosed(error);
  if (isDamage(diagnosed)) return noteDamage(path, diagnosed);
  return explainSqliteRejection(translateSqliteError(error, path), path);
}

/** The methods of the SQLite worker. */
export type SqliteMethods = typeof methods;

serveCalls(methods, explain);
