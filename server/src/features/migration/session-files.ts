import { EARLIEST_MS, isInstant, LATEST_MS } from '@wattkeeper/contract/common.ts';
import { MAX_PRICE } from '@wattkeeper/contract/tariff.ts';
import { CellReader, cellText } from '../../sources/import/cell-reader.ts';
import { FileClock } from '../../sources/import/clock.ts';
import type { FileRecord } from '../../sources/import/file-record.ts';
import { JsonFields } from '../../sources/import/json-records.ts';
import { Mapping } from '../../sources/import/mapping.ts';
import { NumberFormat } from '../../sources/import/number-format.ts';
import { OLDER_MISSING, OLDER_SERIAL } from '../../storage/file/older-fields.ts';
import { naiveNote, readJsonFiles } from './json-files.ts';
import type { Found, FoundSession, MigrationSource } from './migration-ports.ts';

export interface SessionsOptions {
  /** A folder, or one file. */
  readonly from: string;
  /** Zone of times without an offset. */
  readonly timezone: string;
  /** Device of all sessions; else the one that each record names. */
  readonly device?: string | undefined;
}

const NAMELESS = 'Inverter';
const TEXTS = ['session_id', 'start_time', 'end_time', OLDER_SERIAL, 'inverter_serial', 'device_id'] as const;
const NUMBERS = {
  start_soc: [0, 100],
  end_soc: [0, 100],
  energy_sold_kwh: [0, 1e6],
  average_price_pln: [-MAX_PRICE, MAX_PRICE],
  revenue_pln: [-1e6 * MAX_PRICE, 1e6 * MAX_PRICE],
} as const satisfies Readonly<Record<string, readonly [min: number, max: number]>>;
type NumberField = keyof typeof NUMBERS;
const FIELDS = [...TEXTS, ...(Object.keys(NUMBERS) as NumberField[])];

/** Sessions in which an older installation sold energy of the battery, as JSON records. */
export function openSessionFiles(options: SessionsOptions): MigrationSource<FoundSession> {
  return new SessionFiles(options);
}

class SessionFiles implements MigrationSource<FoundSession> {
  readonly #options: SessionsOptions;
  readonly #fields = new JsonFields(FIELDS);
  readonly #missing = new Set(['', ...OLDER_MISSING]);
  readonly #times: Mapping['timestamp'];
  readonly #numbers = new CellReader({ metric: '', scale: 1, missing: [...OLDER_MISSING], numbers: {} }, '', {
    missing: [],
    number_format: NumberFormat.parse({}),
  });
  #clock: FileClock;
  #share = 0;
  #naive = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#times = Mapping.shape.timestamp.parse({ column: 'start_time', timezone: options.timezone });
    this.#clock = new FileClock(this.#times);
  }

  async *read(signal: AbortSignal): AsyncGenerator<readonly Found<FoundSession>[]> {
    this.#clock = new FileClock(this.#times);
    this.#naive = 0;
    for await (const { records, broken, share } of readJsonFiles(this.#options.from, this.#fields, signal)) {
      const found = records.map(({ where, record }) => this.#found(where, record));
      yield broken === null ? found : [...found, broken];
      this.#share = share;
    }
  }

  share(): number {
    return this.#share;
  }

  notes(): string[] {
    const left = this.#fields.absent().found.filter((name) => !(FIELDS as readonly string[]).includes(name));
    return [
      ...(left.length > 0 ? [`fields that a session does not have were left out: ${left.join(', ')}`] : []),
      ...(this.#naive > 0 ? [naiveNote(this.#naive, this.#times.timezone)] : []),
    ];
  }

  mapping(): null {
    return null;
  }

  async close(): Promise<void> {}

  #found(where: string, record: FileRecord): Found<FoundSession> {
    if ('broken' in record) return { where, unreadable: record.broken };
    const cellOf = (name: (typeof FIELDS)[number]) => record.cells[FIELDS.indexOf(name)];
    const textOf = (name: (typeof TEXTS)[number]) => {
      const text = cellText(cellOf(name)).trim();
      return this.#missing.has(text) ? null : text;
    };
    const times: Partial<Record<'start_time' | 'end_time', number>> = {};
    for (const name of ['start_time', 'end_time'] as const) {
      const text = textOf(name);
      if (text === null) return { where, unreadable: `it has no ${name}` };
      times[name] = this.#clock.read(text, name);
      if (!isInstant(text)) this.#naive++;
      if (!(times[name] >= EARLIEST_MS && times[name] < LATEST_MS)) {
        return { where, unreadable: `${name} "${text.slice(0, 60)}" is no time of ${this.#times.timezone}` };
      }
    }
    const numbers: Partial<Record<NumberField, number | null>> = {};
    for (const [name, [min, max]] of Object.entries(NUMBERS) as [NumberField, readonly [number, number]][]) {
      const value = this.#numbers.read(cellOf(name));
      if (value === undefined || value < min || value > max) {
        const text = cellText(cellOf(name)).slice(0, 60);
        return { where, unreadable: `${name} must be a number from ${min} to ${max}; got "${text}"` };
      }
      numbers[name] = Number.isNaN(value) ? null : value;
    }
    const { start_time: startAt = 0, end_time: endAt = 0 } = times;
    const {
      start_soc: startSoc,
      end_soc: endSoc,
      energy_sold_kwh: energy,
      average_price_pln: price,
      revenue_pln: revenue,
    } = numbers;
    if (endAt <= startAt) return { where, unreadable: 'its end_time is not later than its start_time' };
    if (energy === null || energy === undefined) return { where, unreadable: 'it has no energy_sold_kwh' };
    const device = this.#options.device ?? textOf(OLDER_SERIAL) ?? textOf('inverter_serial') ?? textOf('device_id');
    return {
      where,
      item: {
        id: textOf('session_id'),
        device: device ?? NAMELESS,
        startAt,
        endAt,
        energyKwh: energy,
        startSocPercent: startSoc ?? null,
        endSocPercent: endSoc ?? null,
        averagePricePerKwh: price ?? null,
        revenue: revenue ?? null,
      },
    };
  }
}
