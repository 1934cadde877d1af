import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';

/** Hourly energy of a meter with outdoor temperatures, and the hours for training and for scoring. */
export interface Meter {
  readonly name: string;
  readonly timeZone: string;
  readonly isElectricity: boolean;
  /** Hours with known energy and known temperature of the hour and of the six hours before it. */
  readonly starts: Float64Array;
  readonly kwh: Float64Array;
  /** °C, by lag in hours. */
  readonly temperatures: readonly Float64Array[];
  readonly learnt: Span;
  readonly unseen: Span;
  readonly note: string;
}

/** Instants of a half-open window. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

interface Kind {
  readonly name: string;
  readonly load: string;
  readonly temperature: string;
  readonly timeZone: string;
  /** Values per hour that sum to its energy; a mean is their sum divided by their number. */
  readonly perHour: number;
  readonly column: number;
  readonly temperatureColumn: number;
  readonly isMean?: boolean;
  readonly isFahrenheit?: boolean;
  readonly isGas?: boolean;
  /** Divisor of the values of the unseen part: reverses a saving that the authors of the series applied. */
  readonly kept?: number;
  readonly learnt: readonly [from: string, to: string];
  readonly unseen: readonly [from: string, to: string];
  readonly note: string;
}

const LAGS = [0, 1, 2, 3, 4, 5, 6];

const ILLINOIS = {
  temperature: 'meters/il-tempF.csv.gz',
  timeZone: 'America/Chicago',
  perHour: 1,
  column: 1,
  temperatureColumn: 1,
  isFahrenheit: true,
  kept: 0.9,
  learnt: ['2015-12-27T06:00Z', '2016-12-26T06:00Z'],
  unseen: ['2017-01-05T06:00Z', '2018-02-08T06:00Z'],
  note: 'made on real weather; a year, then 13 months; the planted saving of 10 % undone',
} as const;

const ENGLAND_2020 = {
  temperature: 'meters/uk-tempC-sample-0.csv.gz',
  timeZone: 'Europe/London',
  perHour: 1,
  column: 1,
  temperatureColumn: 2,
  learnt: ['2020-04-01T00:00Z', '2021-04-01T00:00Z'],
  unseen: ['2021-04-01T00:00Z', '2022-04-01T00:00Z'],
  note: 'a year, then a year',
} as const;

const ENGLAND_2021 = {
  ...ENGLAND_2020,
  learnt: ['2021-04-01T00:00Z', '2022-04-01T00:00Z'],
  unseen: ['2022-04-01T00:00Z', '2022-12-06T00:00Z'],
  note: 'a year, then eight months',
} as const;

const ENGLAND_2012 = {
  temperature: 'meters/uk-tempC-sample-1_2.csv.gz',
  timeZone: 'Europe/London',
  perHour: 2,
  column: 1,
  temperatureColumn: 2,
  learnt: ['2012-10-13T00:00Z', '2013-10-13T00:00Z'],
  unseen: ['2013-10-13T00:00Z', '2014-01-25T00:00Z'],
  note: 'a year, then 15 weeks',
} as const;

const TETOUAN = {
  load: 'industry/tetouan-10min-2017.csv.gz',
  temperature: 'industry/tetouan-10min-2017.csv.gz',
  timeZone: 'UTC',
  perHour: 6,
  temperatureColumn: 1,
  isMean: true,
  learnt: ['2017-01-01T00:00Z', '2017-10-01T00:00Z'],
  unseen: ['2017-10-01T00:00Z', '2017-12-31T00:00Z'],
  note: 'nine months, then three: no whole year to learn from',
} as const;

const KINDS: readonly Kind[] = [
  {
    ...ILLINOIS,
    name: 'Illinois, cooled and heated',
    load: 'meters/il-electricity-cdd-hdd-hourly.csv.gz',
  },
  { ...ILLINOIS, name: 'Illinois, cooled', load: 'meters/il-electricity-cdd-only-hourly.csv.gz' },
  { ...ILLINOIS, name: 'Illinois, gas', load: 'meters/il-gas-hdd-only-hourly.csv.gz', isGas: true },
  { ...ENGLAND_2020, name: 'house 0, England', load: 'meters/uk-electricity-hdd-only-hourly-sample-0.csv.gz' },
  { ...ENGLAND_2020, name: 'house 0, gas', load: 'meters/uk-gas-hdd-only-hourly-sample-0.csv.gz', isGas: true },
  { ...ENGLAND_2021, name: 'house 0, next year', load: 'meters/uk-electricity-hdd-only-hourly-sample-0.csv.gz' },
  {
    ...ENGLAND_2021,
    name: 'house 0, gas, next year',
    load: 'meters/uk-gas-hdd-only-hourly-sample-0.csv.gz',
    isGas: true,
  },
  { ...ENGLAND_2012, name: 'house 1, England', load: 'meters/uk-electricity-hdd-only-hourly-sample-1.csv.gz' },
  { ...ENGLAND_2012, name: 'house 2, England', load: 'meters/uk-electricity-hdd-only-hourly-sample-2.csv.gz' },
  { ...TETOUAN, name: 'city zone 1, Morocco', column: 4 },
  { ...TETOUAN, name: 'city zone 2, Morocco', column: 5 },
  { ...TETOUAN, name: 'city zone 3, Morocco', column: 6 },
  {
    name: 'building, California',
    load: 'industry/building-kw-15min-2013.csv.gz',
    temperature: 'industry/building-tempF-hourly-2013.csv.gz',
    timeZone: 'America/Los_Angeles',
    perHour: 4,
    column: 1,
    temperatureColumn: 1,
    isMean: true,
    isFahrenheit: true,
    learnt: ['2013-08-01T07:00Z', '2013-09-12T07:00Z'],
    unseen: ['2013-09-12T07:00Z', '2013-09-26T07:00Z'],
    note: 'six weeks, then two: eight are all there are',
  },
];

/** The meters of a folder of measured data, and the names of those whose files are missing or empty. */
export function meters(folder: string): { readonly found: readonly Meter[]; readonly missing: readonly string[] } {
  const isThere = (path: string) =>
    existsSync(join(folder, path)) && gunzipSync(readFileSync(join(folder, path))).length > 0;
  const there = KINDS.filter(({ load, temperature }) => isThere(load) && isThere(temperature));
  return {
    found: there.map((kind) => meter(folder, kind)),
    missing: KINDS.filter((kind) => !there.includes(kind)).map(({ name, load }) => `${name} (${load})`),
  };
}

function meter(folder: string, kind: Kind): Meter {
  const { name, timeZone, isGas = false, isMean, isFahrenheit, perHour, note } = kind;
  const span = ([from, to]: readonly [string, string]) => ({ from: Date.parse(from), to: Date.parse(to) });
  const [learnt, unseen] = [span(kind.learnt), span(kind.unseen)];
  const energy = hours(join(folder, kind.load), kind.column, clockOf(kind));
  const warmth = hours(join(folder, kind.temperature), kind.temperatureColumn, clockOf(kind));
  const degrees = (start: number) => {
    const { sum, count } = warmth.get(start) ?? { sum: Number.NaN, count: 1 };
    return isFahrenheit ? (sum / count - 32) / 1.8 : sum / count;
  };
  // A meter that reads 0 kWh of electricity is faulty: the peer excludes those hours, so they are excluded for all models.
  const isKnown = (start: number) =>
    energy.get(start)?.count === perHour &&
    (isGas || energy.get(start)?.sum !== 0) &&
    LAGS.every((lag) => !Number.isNaN(degrees(start - lag * HOUR_MS)));
  const within = [...energy.keys()].filter((start) => start >= learnt.from && start < unseen.to && isKnown(start));
  const starts = Float64Array.from(within).sort();
  const kwh = starts.map((start) => {
    const { sum } = energy.get(start) as Hour;
    return (isMean ? sum / perHour : sum) / (start < unseen.from ? 1 : (kind.kept ?? 1));
  });
  const temperatures = LAGS.map((lag) => starts.map((start) => degrees(start - lag * HOUR_MS)));
  return { name, timeZone, isElectricity: !isGas, starts, kwh, temperatures, learnt, unseen, note };
}

interface Hour {
  sum: number;
  count: number;
}

/** Sum of the values per hour, for hours with values. */
function hours(path: string, column: number, clock: (stamp: string) => number): Map<number, Hour> {
  const sums = new Map<number, Hour>();
  for (const line of gunzipSync(readFileSync(path)).toString().trim().split('\n')) {
    const cells = line.split(',');
    const at = clock(cells.find((cell) => /\d[-/]\d/.test(cell)) ?? '');
    const value = Number(cells[column]);
    if (Number.isNaN(at) || Number.isNaN(value) || cells[column] === '') continue;
    const start = Math.floor(at / HOUR_MS) * HOUR_MS;
    const hour = sums.get(start) ?? { sum: 0, count: 0 };
    sums.set(start, { sum: hour.sum + value, count: hour.count + 1 });
  }
  return sums;
}

/** Timestamps with an offset use it; others are all in one fixed offset: UTC, or Pacific daylight time. */
function clockOf({ timeZone }: Kind): (stamp: string) => number {
  const zone = timeZone === 'America/Los_Angeles' ? '-07:00' : 'Z';
  return (stamp) => {
    if (/(Z|[+-]\d\d:\d\d)$/.test(stamp)) return Date.parse(stamp.replace(' ', 'T'));
    const american = /^(\d+)\/(\d+)\/(\d\d) (\d+):(\d\d)$/.exec(stamp)?.slice(1).map(Number);
    if (american === undefined) return Date.parse(`${stamp.replace(' ', 'T')}${zone}`);
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = american;
    return Date.UTC(2000 + year, month - 1, day, hour, minute);
  };
}
