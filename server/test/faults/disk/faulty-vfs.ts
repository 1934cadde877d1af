import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

/** Operations of the log; the numbers are those of faulty-vfs.c, which writes all but the last. */
export const OPS = { open: 1, write: 2, truncate: 3, sync: 4, delete: 5, close: 6, acknowledged: 7 } as const;
const RECORD_BYTES = 24;
const MANY_FAULTS = 8;

/** Shares of failing operations, in 1/10,000, as the fields of `struct control`. */
export interface Faults {
  readonly writeError: number;
  readonly shortWrite: number;
  readonly syncError: number;
  readonly lyingSync: number;
  readonly truncateError: number;
  readonly delay: number;
  readonly delayUs: number;
}

export const NO_FAULTS: Faults = {
  writeError: 0,
  shortWrite: 0,
  syncError: 0,
  lyingSync: 0,
  truncateError: 0,
  delay: 0,
  delayUs: 0,
};

/** Compiles the file system into a folder; returns the extension's path. */
export function compileFaultyVfs(compiler: string, folder: string): string {
  const extension = join(folder, 'faultyvfs.so');
  const source = fileURLToPath(new URL('./faulty-vfs.c', import.meta.url));
  execFileSync(compiler, ['-shared', '-fPIC', '-O1', source, '-o', extension], { stdio: 'pipe' });
  return extension;
}

/** Makes the file system the default of this process. */
export function loadFaultyVfs(extension: string): void {
  new DatabaseSync(':memory:', { allowExtension: true }).loadExtension(extension);
}

export function environmentOfVfs(folder: string, seed: number): Record<string, string> {
  return {
    FAULTY_VFS_LOG: join(folder, 'operations.log'),
    FAULTY_VFS_CONTROL: join(folder, 'control'),
    FAULTY_VFS_SEED: String(seed),
  };
}

/** Sets the shares of failing operations. */
export function setFaults(path: string, faults: Faults): void {
  const { writeError, shortWrite, syncError, lyingSync, truncateError, delay, delayUs } = faults;
  const fields = Uint32Array.of(writeError, shortWrite, syncError, lyingSync, truncateError, delay, delayUs);
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  writeSync(file, fields, 0, fields.byteLength, 0);
  closeSync(file);
}

export function prepareControl(path: string): void {
  writeFileSync(path, new Uint32Array(MANY_FAULTS));
}

/** Operations that have failed so far. */
export function failuresOf(path: string): number {
  const bytes = readFileSync(path);
  return bytes.readUInt32LE(4 * (MANY_FAULTS - 1));
}

/** Logs the acknowledgement of readings, in order with the operations. */
export function noteAcknowledged(log: number, first: number, count: number, durable: boolean): void {
  const record = Buffer.alloc(RECORD_BYTES);
  record.writeUInt32LE(OPS.acknowledged, 0);
  record.writeUInt32LE(durable ? 1 : 0, 4);
  record.writeBigInt64LE(BigInt(first), 8);
  record.writeBigInt64LE(BigInt(count), 16);
  writeSync(log, record);
}

export interface Operation {
  readonly op: number;
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  /** Path or written bytes. */
  readonly data: Buffer;
}

/** The operations of a log, oldest first. */
export function readLog(path: string): Operation[] {
  const bytes = readFileSync(path);
  const operations: Operation[] = [];
  for (let at = 0; at + RECORD_BYTES <= bytes.length; ) {
    const op = bytes.readUInt32LE(at);
    const length = Number(bytes.readBigInt64LE(at + 16));
    const hasData = op === OPS.open || op === OPS.write || op === OPS.delete;
    const end = at + RECORD_BYTES + (hasData ? length : 0);
    if (end > bytes.length) break;
    operations.push({
      op,
      file: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigInt64LE(at + 8)),
      length,
      data: bytes.subarray(at + RECORD_BYTES, end),
    });
    at = end;
  }
  return operations;
}
