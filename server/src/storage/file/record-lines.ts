import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { parseInstant } from '@wattkeeper/contract/common.ts';
import { Corrupt, messageOf } from '../../domain/errors.ts';
import type { GroupRows } from '../coalesce.ts';
import type { DayTable, TableBuilder } from './day-table.ts';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** A year of one record per second has 31 million records; a day of it, with twenty values each, about 30 MB. */
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;

/** A day's table as gzip JSON lines, by device and instant: `{"timestamp": …, "device": …, "values": {"battery.soc_percent": 74.5}}`. */
export async function packTable(table: DayTable): Promise<Buffer> {
  const lines: string[] = [];
  const devices = new Set([...table.values()].flatMap((of) => [...of.keys()]));
  for (const device of [...devices].sort()) {
    const parts = [...table].flatMap(([group, of]) => {
      const rows = of.get(device);
      return rows === undefined
        ? []
        : [{ metrics: rows.quantities.map((name) => `${group}.${name}`), rows: rows.rows, at: 0 }];
    });
    const instants = new Set(parts.flatMap(({ rows }) => [...rows.timestamps]));
    for (const instant of Float64Array.from(instants).sort()) {
      const values: string[] = [];
      for (const part of parts) {
        if (part.rows.timestamps[part.at] !== instant) continue;
        for (const [c, column] of part.rows.columns.entries()) push(values, part.metrics[c]!, column[part.at]!);
        part.at++;
      }
      if (values.length > 0) lines.push(line(device, instant, values));
    }
  }
  return pack(lines.join(''));
}

/** Rows in order of arrival as gzip JSON lines. */
export async function packRows(groups: readonly GroupRows[]): Promise<Buffer> {
  const lines: string[] = [];
  for (const { group, quantities, devices, device, timestamps, columns } of groups) {
    const metrics = quantities.map((quantity) => `${group}.${quantity}`);
    for (const [row, instant] of timestamps.entries()) {
      const values: string[] = [];
      for (const [c, column] of columns.entries()) push(values, metrics[c]!, column[row]!);
      if (values.length > 0) lines.push(line(devices[device[row]!]!, instant, values));
    }
  }
  return pack(lines.join(''));
}

/**
 * Adds the records of a file (JSON lines, or an array of them; gzip or plain) to a table. `device_id` is accepted for `device`.
 * @throws Corrupt for a file of another format
 */
export async function readRecords(name: string, bytes: Buffer, into: TableBuilder): Promise<void> {
  try {
    // A crash of the machine leaves empty files on some file systems; a file without records has at least a header.
    if (bytes.length === 0) throw new Corrupt('it is empty');
    for (const record of recordsOf(await plain(bytes))) {
      const { timestamp, device, device_id: deviceId = device, values } = record as Readonly<Record<string, unknown>>;
      const instant = typeof timestamp === 'string' ? instantOf(timestamp) : Number.NaN;
      if (typeof deviceId !== 'string' || Number.isNaN(instant) || typeof values !== 'object' || values === null) {
        throw new Corrupt(`a record needs timestamp, device and values; it is ${JSON.stringify(record).slice(0, 120)}`);
      }
      const numbers = Object.entries(values).filter((value): value is [string, number] => typeof value[1] === 'number');
      into.addRecord(deviceId, instant, numbers);
    }
  } catch (error) {
    throw new Corrupt(
      `${name} of the file store cannot be read: ${messageOf(error)}; restore it from a backup, or move it away to continue without its records`,
      { cause: error },
    );
  }
}

/** Records of a JSON text: one per line, an array, or a single one. Throws SyntaxError for text that is not JSON. */
export function recordsOf(text: string): readonly unknown[] {
  const lines = text.split('\n').filter((one) => one.trim() !== '');
  if (lines.length > 1 && !isJson(lines[0]!)) return [JSON.parse(text) as unknown].flat();
  return lines.flatMap((one) => JSON.parse(one) as unknown);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** The text of a file, gzip or plain. */
export async function plain(bytes: Buffer): Promise<string> {
  const isGzip = bytes.length > 1 && bytes.readUInt16LE() === 0x8b1f;
  const unpacked = isGzip ? await unpack(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }) : bytes;
  return unpacked.toString();
}

function line(device: string, instant: number, values: readonly string[]): string {
  return `{"timestamp":"${new Date(instant).toISOString()}","device":${JSON.stringify(device)},"values":{${values.join(',')}}}\n`;
}

function push(values: string[], metric: string, value: number): void {
  if (value === value) values.push(`${JSON.stringify(metric)}:${JSON.stringify(value)}`);
}

/** Files of the store contain any instant of JavaScript's clock, including those that the API rejects. */
function instantOf(text: string): number {
  return text.endsWith('Z') ? Date.parse(text) : parseInstant(text);
}
