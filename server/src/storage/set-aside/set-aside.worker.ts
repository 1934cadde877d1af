import type { Block } from '../../domain/columns/batch.ts';
import { serveCalls } from '../../domain/worker-calls.ts';
import { translateSqliteError } from '../records/engine/sqlite-errors.ts';
import { SetAsideFile } from './set-aside-file.ts';

let file: SetAsideFile;
let path = '';

const methods = {
  async open(_: AbortSignal, at: string, maxBytes?: number) {
    path = at;
    file = new SetAsideFile(at, maxBytes);
    return { value: file.totals() };
  },
  async add(_: AbortSignal, store: string, block: Block, reason: string, now: number) {
    file.add(store, block, reason, now);
    return { value: file.totals() };
  },
  async supersede(_: AbortSignal, store: string, blocks: readonly Block[]) {
    file.supersede(store, blocks);
    return { value: file.totals() };
  },
  async remove(_: AbortSignal, ids: readonly number[]) {
    file.remove(ids);
    return { value: file.totals() };
  },
  async deleteBefore(_: AbortSignal, store: string, instant: number, group: string | null) {
    file.deleteBefore(store, instant, group);
    return { value: file.totals() };
  },
  async deleteDevices(_: AbortSignal, store: string, deviceIds: readonly string[]) {
    file.deleteDevices(store, deviceIds);
    return { value: file.totals() };
  },
  async overlapping(_: AbortSignal, store: string, group: string, start: number, end: number) {
    return { value: file.overlapping(store, group, start, end) };
  },
  async page(_: AbortSignal, store: string | null, after: number, limit: number) {
    return { value: file.page(store, after, limit) };
  },
  async close() {
    return { value: file.close() };
  },
};

/** The methods of the worker. */
export type SetAsideMethods = typeof methods;

serveCalls(methods, (error) => translateSqliteError(error, path));
