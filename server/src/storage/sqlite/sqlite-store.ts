import type { Frame } from '../../domain/columns/frame.ts';
import { Unavailable } from '../../domain/errors.ts';
import { WorkerCalls } from '../../domain/worker-calls.ts';
import {
  type Capabilities,
  type CompactionReport,
  END_OF_TIME,
  type ReadRequest,
  type TelemetryStore,
} from '../backend.ts';
import { WorkerStore } from '../worker-store.ts';
import type { SqliteMethods } from './sqlite.worker.ts';
import type { Piece } from './telemetry-file.ts';

/** @throws Unavailable when another process has the file open or its folder is missing, Corrupt when it cannot be read */
export async function openSqliteStore({ path }: { readonly path: string }): Promise<TelemetryStore> {
  const calls = new WorkerCalls<SqliteMethods>(
    new URL('./sqlite.worker.ts', import.meta.url),
    `the SQLite store ${path}`,
  );
  try {
    await calls.call('open', [path]);
  } catch (error) {
    await calls.terminate();
    throw error;
  }
  return new SqliteStore(calls);
}

class SqliteStore extends WorkerStore {
  readonly type = 'sqlite';
  readonly capabilities: Capabilities = {
    durable: true,
    bounded: false,
    compacts: false,
    isolated: true,
    lastInstant: END_OF_TIME,
    erases: true,
  };
  readonly #calls: WorkerCalls<SqliteMethods>;

  constructor(calls: WorkerCalls<SqliteMethods>) {
    super(calls);
    this.#calls = calls;
  }

  async *read(request: ReadRequest): AsyncIterable<Frame> {
    const { deviceIds, group, quantities, window } = request;
    for (const [position, deviceId] of deviceIds.entries()) {
      for (let from: number | null = window.start; from !== null; ) {
        const piece: Piece = await this.#calls.call('readPiece', [request, position, from]);
        if (piece.rows !== null) yield { deviceId, group, quantities, ...piece.rows };
        from = piece.next;
      }
    }
  }

  async compact(): Promise<CompactionReport> {
    if (this.isClosed) throw new Unavailable('the SQLite store is closed: open it again');
    return { days: 0, rows: 0 };
  }
}
