import type { Window } from '../../domain/time/window.ts';
import { serveCalls } from '../../domain/worker-calls.ts';
import { ArchiveFileWriter, contentsOf, type DeviceRows, holdingsOf, readArchiveFile } from './parquet-file.ts';

let writer: ArchiveFileWriter;

const methods = {
  /** Begins a file; one is written at a time. */
  async begin(_: AbortSignal, path: string, quantities: readonly string[]) {
    writer = new ArchiveFileWriter(path, quantities);
    return { value: undefined };
  },
  async add(_: AbortSignal, rows: DeviceRows) {
    return { value: await writer.add(rows) };
  },
  async finish() {
    return { value: await writer.finish() };
  },
  async contents(_: AbortSignal, path: string) {
    return { value: await contentsOf(path) };
  },
  async holdings(_: AbortSignal, path: string) {
    return { value: await holdingsOf(path) };
  },
  async read(
    _: AbortSignal,
    path: string,
    deviceIds: readonly string[],
    quantities: readonly string[],
    window: Window,
  ) {
    return { value: await readArchiveFile(path, deviceIds, quantities, window) };
  },
};

/** What the Parquet worker serves. */
export type ParquetMethods = typeof methods;

serveCalls(methods, (error) => error);
