import { closeSync, openSync, readSync } from 'node:fs';
import { Corrupt } from '../../domain/errors.ts';
import { TELEMETRY_FILE } from './sqlite-identity.ts';

/** Rows or names differ from their checksum. */
export class ChecksumMismatch extends Corrupt {}

/** Primary result codes, the low byte of `errcode`: https://sqlite.org/rescode.html */
const CORRUPT = 11;
const ERROR = 1;
/** Offset of the application id in the header: https://sqlite.org/fileformat2.html#the_database_header */
const APPLICATION_ID_BYTE = 68;

/**
 * Whether an error shows that another program changed the content of the file. A failed statement (SQLITE_ERROR) is no evidence: the
 * statement itself may be wrong, unless the schema is, which `TelemetryFile.diagnosed` checks.
 */
export function isDamage(error: unknown): boolean {
  if (error instanceof ChecksumMismatch) return true;
  if (!(error instanceof Error)) return false;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  // An integer beyond the range that the service writes.
  if (code === 'ERR_OUT_OF_RANGE') return true;
  return typeof errcode === 'number' && (errcode & 0xff) === CORRUPT;
}

/** Whether a statement does not match the schema: one of them is wrong. */
export function isMisfit(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown };
  return error instanceof Error && typeof errcode === 'number' && (errcode & 0xff) === ERROR;
}

/** Whether the header identifies a file of this service. */
export function hasOurHeader(path: string): boolean {
  const id = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    readSync(file, id, 0, id.length, APPLICATION_ID_BYTE);
  } finally {
    closeSync(file);
  }
  return id.readUInt32BE() === TELEMETRY_FILE.applicationId;
}
