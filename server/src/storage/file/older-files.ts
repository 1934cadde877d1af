import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { instantOfLocal } from '../../domain/time/site-time.ts';
import type { TableBuilder } from './day-table.ts';
import { OLDER_FIELDS, OLDER_MISSING, OLDER_SERIAL, OLDER_TIMESTAMP, timeOfName } from './older-fields.ts';
import { plain, recordsOf } from './record-lines.ts';

export interface OlderFilesOptions {
  /** Time zone of times without an offset, and of the file names. */
  readonly timezone: string;
  /** Device of the records that name none, or of all when configured. */
  readonly device: string | undefined;
}

const NAMELESS = 'Inverter';
const MISSING = new Set(OLDER_MISSING);

/**
 * Files of one record each, `energy_data_YYYYMMDD_HHMMSS.json[.gz]`, as older installations wrote them into the folder. They are read-only;
 * an unreadable file is skipped (`migrate records` lists these).
 */
export class OlderFiles {
  readonly #folder: string;
  readonly #options: OlderFilesOptions;
  /** UTC day in the file name, read as UTC → names. */
  readonly #byDay = new Map<number, string[]>();

  private constructor(folder: string, options: OlderFilesOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  static async open(folder: string, options: OlderFilesOptions): Promise<OlderFiles> {
    const files = new OlderFiles(folder, options);
    for (const name of (await readdir(folder)).sort()) {
      const time = timeOfName(name);
      const day = time === null ? Number.NaN : Math.floor(Date.parse(`${time}Z`) / UTC_DAY_MS);
      if (!Number.isNaN(day)) files.#byDay.set(day, [...(files.#byDay.get(day) ?? []), name]);
    }
    return files;
  }

  /** UTC days that may have records. A zone's clock is at most 14 hours ahead of UTC, or 12 behind. */
  *days(): Generator<number> {
    for (const day of this.#byDay.keys()) yield* [day - 1, day, day + 1];
  }

  async readDay(day: number, into: TableBuilder): Promise<void> {
    for (const name of [day - 1, day, day + 1].flatMap((near) => this.#byDay.get(near) ?? [])) {
      for (const record of await this.#recordsOf(name)) {
        if (Math.floor(record.instant / UTC_DAY_MS) === day)
          into.addRecord(record.device, record.instant, record.values);
      }
    }
  }

  async #recordsOf(name: string): Promise<{ device: string; instant: number; values: Map<string, number> }[]> {
    return (await this.#contentOf(name)).flatMap((record) => {
      const time = textAt(record, OLDER_TIMESTAMP) ?? (timeOfName(name) as string);
      const device = this.#options.device ?? textAt(record, OLDER_SERIAL) ?? NAMELESS;
      const instant = this.#instantOf(time);
      return Number.isNaN(instant) ? [] : [{ device, instant, values: valuesOf(record) }];
    });
  }

  async #contentOf(name: string): Promise<readonly unknown[]> {
    try {
      return recordsOf(await plain(await readFile(join(this.#folder, name))));
    } catch {
      return [];
    }
  }

  #instantOf(text: string): number {
    if (isInstant(text)) return parseInstant(text);
    try {
      return instantOfLocal(text, this.#options.timezone);
    } catch (error) {
      if (error instanceof RangeError) return Number.NaN;
      throw error;
    }
  }
}

function valuesOf(record: unknown): Map<string, number> {
  const values = new Map<string, number>();
  for (const { path, metric, scale = 1 } of OLDER_FIELDS) {
    const number = Number(textAt(record, path) ?? Number.NaN) * scale;
    if (Number.isFinite(number) && !values.has(metric)) values.set(metric, number);
  }
  return values;
}

/** null for a missing value, or for a text that means one. */
function textAt(record: unknown, path: string): string | null {
  const found = path
    .split('.')
    .reduce<unknown>(
      (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
      record,
    );
  if (typeof found !== 'string' && typeof found !== 'number') return null;
  const text = String(found).trim();
  return text === '' || MISSING.has(text) ? null : text;
}
