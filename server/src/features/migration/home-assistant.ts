import { EARLIEST_MS, formatInstant, LATEST_MS } from '@wattkeeper/contract/common.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { stringify } from 'yaml';
import { InvalidInput } from '../../domain/errors.ts';
import { type Conversion, conversion } from '../../domain/units.ts';
import {
  type Entry,
  parseStatisticsMapping,
  proposeMapping,
  type StatisticsMapping,
} from './home-assistant-mapping.ts';
import type { Found, FoundReading, MigrationSource } from './migration-ports.ts';
import { isExternal, type RecordedCounter, readCounter } from './recorded-counters.ts';
import {
  type Column,
  LONG_TERM,
  type RecordedStatistic,
  RecorderDatabase,
  type Row,
  SHORT_TERM,
  type Table,
} from './recorder-database.ts';
import { type Repeated, repeatedSeries, stemOf } from './same-energy.ts';
import { proposeMetric } from './statistic-proposal.ts';

export interface HomeAssistantOptions {
  /** Database of the recorder: `home-assistant_v2.db`. */
  readonly from: string;
  /** Device of statistics about the whole site. */
  readonly device?: string | undefined;
  /** Replaces the proposal. */
  readonly mapping?: string | undefined;
  readonly unitOf: (metric: string) => string;
}

/** Counters of one metric that are compared with each other. */
const MAX_COMPARED = 50;

interface MappedStatistic extends RecordedStatistic {
  readonly entry: Entry;
  readonly column: Column;
  readonly conversion: Conversion;
  /** Null unless its energy is the growth of `sum`. */
  readonly counter: RecordedCounter | null;
}

/**
 * Long-term and short-term statistics of Home Assistant's recorder (`statistics_meta`, `statistics`, `statistics_short_term`). The database is
 * opened read-only. Five-minute statistics replace hourly ones of the same time. The energy of counters is the growth of `sum`.
 * @throws InvalidInput for a file that is not such a database, or a mapping that does not fit it
 */
export async function openHomeAssistant(options: HomeAssistantOptions): Promise<MigrationSource<FoundReading>> {
  const database = await RecorderDatabase.open(options.from);
  try {
    return await plan(database, options);
  } catch (error) {
    database.close();
    throw error;
  }
}

async function plan(
  database: RecorderDatabase,
  { from, device, mapping: text, unitOf }: HomeAssistantOptions,
): Promise<HomeAssistant> {
  const all = database.statistics();
  const repeated = text === undefined ? await repeatedIn(database, all) : [];
  const mapping =
    text === undefined
      ? proposeMapping(all, device, new Set(repeated.map(({ id }) => id)))
      : withDevice(parseStatisticsMapping(text), device);
  const unknown = Object.keys(mapping.statistics).find((id) => all.every((one) => one.id !== id));
  if (unknown !== undefined) throw new InvalidInput(`the mapping names "${unknown}", which ${from} does not have`);
  const mapped: MappedStatistic[] = [];
  for (const one of all) {
    const entry = ownValue(mapping.statistics, one.id);
    if (entry) mapped.push(await mappedTo(database, one, entry, unitOf));
  }
  const leftOut = all.filter(({ id }) => !ownValue(mapping.statistics, id) && repeated.every((one) => one.id !== id));
  return new HomeAssistant(database, mapping, mapped, [
    ...repeated.map(describeRepeated),
    ...mapped.flatMap(describeDifferences),
    ...(leftOut.length === 0
      ? []
      : [
          `statistics that were left out: ${leftOut.map(({ id, unit }) => `${id} (${unit ?? 'no unit'})`).join(', ')}; a mapping can name a metric for them`,
        ]),
  ]);
}

/** Counters whose energy is already included in others of the same metric. */
async function repeatedIn(database: RecorderDatabase, all: readonly RecordedStatistic[]): Promise<Repeated[]> {
  const byMetric = Map.groupBy(
    all.flatMap((one) => {
      const proposal = proposeMetric(one);
      return proposal?.metric.endsWith('_kwh') && database.has(one.metaId, 'sum') ? [{ one, proposal }] : [];
    }),
    // A statistic that is not about the whole site is compared only within its own name: other machines may use the same amount.
    ({ one, proposal: { metric, ofPlace } }) => (ofPlace ? metric : `${metric} ${stemOf(one.id)}`),
  );
  const repeated: Repeated[] = [];
  for (const group of byMetric.values()) {
    if (group.length < 2) continue;
    const counters: RecordedCounter[] = [];
    for (const { one, proposal } of group.slice(0, MAX_COMPARED))
      counters.push(await readCounter(database, one, conversion(proposal.unit, 'kWh').factor));
    repeated.push(...repeatedSeries(counters.map(({ series }) => series)));
  }
  return repeated;
}

class HomeAssistant implements MigrationSource<FoundReading> {
  readonly #database: RecorderDatabase;
  readonly #mapping: StatisticsMapping;
  readonly #statistics: readonly MappedStatistic[];
  readonly #notes: readonly string[];
  readonly #rows: number;
  #read = 0;

  constructor(
    database: RecorderDatabase,
    mapping: StatisticsMapping,
    statistics: readonly MappedStatistic[],
    notes: readonly string[],
  ) {
    this.#database = database;
    this.#mapping = mapping;
    this.#statistics = statistics;
    this.#notes = notes;
    this.#rows = database.count(statistics.map(({ metaId }) => metaId));
  }

  async *read(signal: AbortSignal): AsyncGenerator<readonly Found<FoundReading>[]> {
    this.#read = 0;
    for (const statistic of this.#statistics) {
      const until = this.#database.firstOf(SHORT_TERM, statistic.metaId) ?? Number.POSITIVE_INFINITY;
      yield* this.#rowsOf(LONG_TERM, statistic, until, signal);
      yield* this.#rowsOf(SHORT_TERM, statistic, Number.POSITIVE_INFINITY, signal);
    }
  }

  share(): number {
    return this.#rows === 0 ? 1 : Math.min(this.#read / this.#rows, 1);
  }

  notes(): readonly string[] {
    return this.#notes;
  }

  mapping(): string {
    return stringify(this.#mapping);
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** @param until start of the first row that is not read */
  async *#rowsOf(
    table: Table,
    statistic: MappedStatistic,
    until: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Found<FoundReading>[]> {
    const place = (id: number) => `${table.name} ${id}, ${statistic.id}`;
    yield this.#database
      .untimed(table, statistic.metaId)
      .map((id) => ({ where: place(id), unreadable: 'it has no start' }));
    let isFirst = table === LONG_TERM;
    for await (const rows of this.#database.rows(table, statistic.metaId, signal)) {
      const wanted = rows.filter(({ start }) => start < until);
      this.#read += wanted.length;
      const beginning = isFirst && wanted[0] ? beginningOf(place(wanted[0].id), statistic, wanted[0]) : [];
      isFirst = false;
      yield [...beginning, ...wanted.map((row) => found(place(row.id), statistic, table, row))];
      if (wanted.length < rows.length) return;
    }
  }
}

async function mappedTo(
  database: RecorderDatabase,
  statistic: RecordedStatistic,
  entry: Entry,
  unitOf: (metric: string) => string,
): Promise<MappedStatistic> {
  const unit = unitOf(entry.metric);
  try {
    const factor = entry.unit === undefined ? { factor: 1, offset: 0 } : conversion(entry.unit, unit);
    const column = entry.value ?? columnOf(database, statistic.metaId);
    const isCounted = entry.value === undefined && column === 'sum';
    const counter = isCounted ? await readCounter(database, statistic, 1) : null;
    return { ...statistic, entry, conversion: factor, column, counter };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(`statistics.${statistic.id}.unit: ${error.message}`, { cause: error });
  }
}

/** The mean of a measurement; the sum of a counter, or the meter's reading without a sum. */
function columnOf(database: RecorderDatabase, metaId: number): Column {
  return (['mean', 'sum', 'state'] as const).find((column) => database.has(metaId, column)) ?? 'mean';
}

/** If the first row contains the energy of its period, the counter was lower by that amount at the start of the period. */
function beginningOf(where: string, statistic: MappedStatistic, row: Row): Found<FoundReading>[] {
  const { sum, state } = row.values;
  if (!statistic.counter?.perPeriod || sum === null || state === null || !isTime(row.start)) return [];
  return [{ where: `${where}, its beginning`, item: reading(statistic, row.start, sum - state) }];
}

function found(where: string, statistic: MappedStatistic, { periodMs }: Table, row: Row): Found<FoundReading> {
  const { column, counter } = statistic;
  // A mean applies from the start of its period; a counter was read at its end.
  const timestamp = column === 'state' || column === 'sum' ? row.start + periodMs : row.start;
  if (!isTime(timestamp)) return { where, unreadable: `its start ${row.start / 1000} is not a valid time` };
  const value = row.values[column];
  if (value === null || !Number.isFinite(value)) return { where, unreadable: `its ${column} is ${value}` };
  return { where, item: reading(statistic, timestamp, counter ? readingOf(counter, value, row.values.state) : value) };
}

/** The meter's reading continued by the growth of `sum`: equal to the reading to the last digit while both agree. */
function readingOf({ shift }: RecordedCounter, sum: number, state: number | null): number {
  const shifted = sum + shift;
  return state !== null && Math.abs(shifted - state) <= 1e-9 * Math.max(1, Math.abs(state)) ? state : shifted;
}

function reading({ entry, conversion: { factor, offset } }: MappedStatistic, timestamp: number, value: number) {
  const scaled = value * entry.scale * factor + offset;
  return { device: entry.device, timestamp, values: [[entry.metric, scaled]] } satisfies FoundReading;
}

function isTime(instant: number): boolean {
  return instant >= EARLIEST_MS && instant < LATEST_MS;
}

function describeRepeated({ id, of, reason }: Repeated): string {
  const why = reason === 'same' ? 'counts the same energy as' : 'is part of the energy of';
  return `${id} was left out: it ${why} ${of}; a mapping can take it all the same`;
}

/** Corrections, and resets that the meter's readings do not show. */
function describeDifferences({ id, unit, counter }: MappedStatistic): string[] {
  if (counter === null || counter.byState === null || counter.differing === 0) return [];
  const amount = (value: number) => `${Number(value.toPrecision(9))} ${unit ?? ''}`.trim();
  const rows = counter.differences.map(
    ({ at, bySum, byState }) => `${formatInstant(at)} ${amount(bySum)} and ${amount(byState)}`,
  );
  const more = counter.differing > rows.length ? ` and ${counter.differing - rows.length} more` : '';
  return [
    `${id}: its sum grows by ${amount(counter.bySum)}, which is taken, and its state by ${amount(counter.byState)}; they differ in ${counter.differing} rows (${rows.join('; ')}${more})${isExternal(id) ? '' : ', as after a correction in Home Assistant'}`,
  ];
}

function withDevice(mapping: StatisticsMapping, device: string | undefined): StatisticsMapping {
  if (device === undefined) return mapping;
  throw new InvalidInput('a mapping names the device of each statistic: leave the device out');
}
