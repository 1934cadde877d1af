import type { Conditions } from './conditions.ts';
import { type Courses, seasonByHour, warmthByHour, wavesOfYear } from './courses.ts';
import type { Groups } from './least-squares.ts';

/** How conditions become the columns that a regression is made of: plain data. Temperatures in °C. */
export type Basis =
  /** The drivers as they are. */
  | { readonly type: 'linear' }
  /** Degrees below and above where heating and cooling begin (ASHRAE Guideline 14, inverse modelling toolkit), and the drivers. */
  | {
      readonly type: 'change_point';
      readonly heating: number | null;
      readonly cooling: number | null;
      /** The energy follows the temperature of this many hours ago. */
      readonly lagHours: number;
    }
  /**
   * A level for each hour of the week, and the temperature piece by piece, apart for hours when the place is in use (Mathieu, Price et
   * al., Quantifying changes in building electricity use, IEEE Trans. Smart Grid 2 (2011)); and the drivers.
   */
  | {
      readonly type: 'time_of_week_temperature';
      /** Hours of the week when the place is in use. */
      readonly occupied: readonly number[];
      /** Ends of the pieces, ascending; the first and the last piece go on beyond them. */
      readonly occupiedKnots: readonly number[];
      readonly unoccupiedKnots: readonly number[];
      /** What comes with the season but not with the temperature: daylight, holidays. Two waves a year, or its course by the hour. */
      readonly season: boolean;
      /** Courses of the temperature and of the season by the hour of the day; null where there are none. */
      readonly smooth: Smooth | null;
      readonly lagHours: number;
    }
  /**
   * A level for each day of the week, and the temperature piece by piece, which may differ between working days and days off: time of week
   * and temperature for days, as nmecr (kW Engineering) fits it; and the drivers.
   */
  | {
      readonly type: 'day_of_week';
      /** Days of the week on which the place is not in use, 0 (Monday) to 6. */
      readonly daysOff: readonly number[];
      /** Public holidays have their own level, and are days off. */
      readonly holidays: boolean;
      /** Ends of the pieces on working days, or on all days; none without a temperature. */
      readonly knots: readonly number[];
      /** On days off; null: as on working days. */
      readonly offKnots: readonly number[] | null;
      /** Two waves a year. */
      readonly season: boolean;
      /** Drivers with an additional effect on days off, by index. */
      readonly apart: readonly number[];
      readonly lagHours: number;
    };

export interface Smooth {
  /** How strongly they are held back, for a roughness of 1 (ridge regression: Hoerl and Kennard, Technometrics 12 (1970)). */
  readonly restraint: number;
  /** °C below and above which the temperature has a course each. */
  readonly middle: number;
}

export const HOURS_OF_WEEK = 168;
export const DAYS_OF_WEEK = 7;
/** The level of public holidays comes after those of the days of the week. */
const DAY_LEVELS = DAYS_OF_WEEK + 1;
/** Waves of the season where it has no course by the hour, each as sine and cosine. */
const TIMES_A_YEAR = [1, 2];

const NO_COURSES: Courses = { columns: [], roughness: [] };

export type TimeOfWeekBasis = Extract<Basis, { type: 'time_of_week_temperature' }>;
export type DayOfWeekBasis = Extract<Basis, { type: 'day_of_week' }>;
/** Bases with a level for each hour or day of the week. */
export type WeekBasis = TimeOfWeekBasis | DayOfWeekBasis;

export function isOfWeek(basis: Basis): basis is WeekBasis {
  return basis.type === 'time_of_week_temperature' || basis.type === 'day_of_week';
}

/** The columns of the regression. */
export function termsOf(basis: Basis, conditions: Conditions): Float64Array[] {
  const { columns } = conditions;
  if (basis.type === 'linear') return [...columns];
  if (basis.type === 'day_of_week') return dayTerms(basis, conditions);
  const temperature = required(conditions.temperature, 'a temperature');
  if (basis.type === 'change_point') {
    const { heating, cooling } = basis;
    return [
      ...(heating === null ? [] : [degreesBelow(temperature, heating)]),
      ...(cooling === null ? [] : [degreesAbove(temperature, cooling)]),
      ...columns,
    ];
  }
  const hours = required(conditions.hourOfWeek, 'hours of the week');
  const inUse = new Set(basis.occupied);
  const occupied = Uint8Array.from(hours, (hour) => (inUse.has(hour) ? 1 : 0));
  return [
    ...pieces(temperature, basis.occupiedKnots, (i) => occupied[i] === 1),
    ...pieces(temperature, basis.unoccupiedKnots, (i) => occupied[i] === 0),
    ...warmth(basis, temperature, hours).columns,
    ...season(basis, conditions.starts, hours).columns,
    ...columns,
  ];
}

function dayTerms(basis: DayOfWeekBasis, { temperature, dayOfWeek, starts, columns }: Conditions): Float64Array[] {
  const days = required(dayOfWeek, 'days of the week');
  const isOff = Array.from(days, (day) => isDayOff(basis, day));
  const ofTemperature = (knots: readonly number[], applies: (i: number) => boolean) =>
    knots.length === 0 ? [] : pieces(required(temperature, 'a temperature'), knots, applies);
  return [
    ...ofTemperature(basis.knots, (i) => basis.offKnots === null || !isOff[i]),
    ...ofTemperature(basis.offKnots ?? [], (i) => isOff[i]!),
    ...(basis.season ? wavesOfYear(starts, TIMES_A_YEAR) : []),
    ...basis.apart.map((c) => columns[c]!.map((value, i) => (isOff[i] ? value : 0))),
    ...columns,
  ];
}

/** Whether the place is not in use on such a day: a day of the week as conditions code it. */
export function isDayOff({ daysOff, holidays }: Pick<DayOfWeekBasis, 'daysOff' | 'holidays'>, day: number): boolean {
  return daysOff.includes(day % DAYS_OF_WEEK) || (holidays && day >= DAYS_OF_WEEK);
}

/** How strongly the slope of each column is held back, in parts of its squared length; none where all are free. */
export function penaltiesOf(basis: Basis, drivers: number): number[] {
  if (basis.type !== 'time_of_week_temperature' || basis.smooth === null) return [];
  const { restraint } = basis.smooth;
  return roughnessOf(basis, drivers).map((rough) => restraint * rough);
}

/** How rough the course of each column is; 0 for those that are free. */
export function roughnessOf(basis: TimeOfWeekBasis, drivers: number): number[] {
  const none = new Float64Array(0);
  return [
    ...new Array<number>(pieceCount(basis)).fill(0),
    ...warmth(basis, none, none).roughness,
    ...season(basis, none, none).roughness,
    ...new Array<number>(drivers).fill(0),
  ];
}

/** Names of the columns. */
export function termNames(basis: Basis, drivers: readonly string[]): string[] {
  if (basis.type === 'linear') return [...drivers];
  if (basis.type === 'change_point') {
    const bends = (['heating', 'cooling'] as const).filter((kind) => basis[kind] !== null);
    return [...bends, ...drivers];
  }
  const numbered = (kind: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `${kind}_${i + 1}`);
  if (basis.type === 'day_of_week') {
    const warm = temperatureCount(basis);
    return [
      ...named(basis.offKnots === null ? 'all_days' : 'working_days', basis.knots),
      ...named('days_off', basis.offKnots ?? []),
      ...numbered('season', warm, ownCount(basis) - basis.apart.length),
      ...basis.apart.map((d) => `${drivers[d]} on days off`),
      ...drivers,
    ];
  }
  return [
    ...named('occupied', basis.occupiedKnots),
    ...named('unoccupied', basis.unoccupiedKnots),
    ...numbered('temperature_by_hour', pieceCount(basis), temperatureCount(basis)),
    ...numbered('season', temperatureCount(basis), ownCount(basis)),
    ...drivers,
  ];
}

function named(kind: string, knots: readonly number[]): string[] {
  return knots.slice(1).map((_, piece) => `${kind}_temperature_${piece + 1}`);
}

/** How many columns are made of the temperature, all at the front. */
export function temperatureCount(basis: WeekBasis): number {
  if (basis.type === 'day_of_week') return piecesOf(basis.knots) + piecesOf(basis.offKnots ?? []);
  const none = new Float64Array(0);
  return pieceCount(basis) + warmth(basis, none, none).columns.length;
}

/** How many columns come before those of the drivers: temperature, season, and effects of drivers on days off. */
export function ownCount(basis: WeekBasis): number {
  if (basis.type === 'day_of_week')
    return temperatureCount(basis) + (basis.season ? 2 * TIMES_A_YEAR.length : 0) + basis.apart.length;
  const none = new Float64Array(0);
  return temperatureCount(basis) + season(basis, none, none).columns.length;
}

function pieceCount({ occupiedKnots, unoccupiedKnots }: TimeOfWeekBasis): number {
  return piecesOf(occupiedKnots) + piecesOf(unoccupiedKnots);
}

function piecesOf(knots: readonly number[]): number {
  return Math.max(knots.length - 1, 0);
}

function warmth({ smooth }: TimeOfWeekBasis, temperature: Float64Array, hours: Float64Array): Courses {
  if (smooth === null) return NO_COURSES;
  return warmthByHour([degreesBelow(temperature, smooth.middle), degreesAbove(temperature, smooth.middle)], hours);
}

function season(basis: TimeOfWeekBasis, starts: Float64Array, hours: Float64Array): Courses {
  if (!basis.season) return NO_COURSES;
  if (basis.smooth !== null) return seasonByHour(starts, hours);
  const columns = wavesOfYear(starts, TIMES_A_YEAR);
  return { columns, roughness: columns.map(() => 0) };
}

/** Which intercept each observation has. */
export function groupsOf(basis: Basis, { hourOfWeek, dayOfWeek }: Conditions, length: number): Groups {
  if (basis.type === 'day_of_week') {
    const levelOf = (day: number) => (basis.holidays ? Math.min(day, DAYS_OF_WEEK) : day % DAYS_OF_WEEK);
    return { of: required(dayOfWeek, 'days of the week').map(levelOf), count: DAY_LEVELS };
  }
  if (basis.type !== 'time_of_week_temperature') return { of: new Uint8Array(length), count: 1 };
  return { of: required(hourOfWeek, 'hours of the week'), count: HOURS_OF_WEEK };
}

export function degreesBelow(temperature: Float64Array, point: number): Float64Array {
  return temperature.map((degrees) => Math.max(point - degrees, 0));
}

export function degreesAbove(temperature: Float64Array, point: number): Float64Array {
  return temperature.map((degrees) => Math.max(degrees - point, 0));
}

/** The part of the temperature that lies in each piece; the parts add up to the temperature less the first knot. */
function pieces(temperature: Float64Array, knots: readonly number[], applies: (i: number) => boolean): Float64Array[] {
  const last = knots.length - 2;
  return knots.slice(1).map((end, piece) => {
    const begin = knots[piece]!;
    const [least, most] = [
      piece === 0 ? Number.NEGATIVE_INFINITY : 0,
      piece === last ? Number.POSITIVE_INFINITY : end - begin,
    ];
    return temperature.map((degrees, i) => (applies(i) ? Math.min(Math.max(degrees - begin, least), most) : 0));
  });
}

function required<T>(value: T | null, what: string): T {
  if (value === null) throw new TypeError(`this model needs ${what}`);
  return value;
}
