import type { Conditions } from './conditions.ts';
import { type Courses, seasonByHour, warmthByHour, wavesOfYear } from './courses.ts';
import type { Groups } from './least-squares.ts';

/** How conditions become the columns of a regression: plain data. Temperatures in °C. */
export type Basis =
  /** The drivers, unchanged. */
  | { readonly type: 'linear' }
  /** Degrees below and above the balance points of heating and cooling (ASHRAE Guideline 14, inverse modelling toolkit), and the drivers. */
  | {
      readonly type: 'change_point';
      readonly heating: number | null;
      readonly cooling: number | null;
      /** The energy depends on the temperature of this many hours earlier. */
      readonly lagHours: number;
    }
  /**
   * A level for each hour of the week, a piecewise linear temperature response, separate for occupied and unoccupied hours (Mathieu, Price et
   * al., Quantifying changes in building electricity use, IEEE Trans. Smart Grid 2 (2011)), and the drivers.
   */
  | {
      readonly type: 'time_of_week_temperature';
      /** Occupied hours of the week. */
      readonly occupied: readonly number[];
      /** Ends of the pieces, ascending; the first and the last piece extend beyond them. */
      readonly occupiedKnots: readonly number[];
      readonly unoccupiedKnots: readonly number[];
      /** Seasonal effects other than temperature, such as daylight: two harmonics of the year, or a course by hour of day. */
      readonly season: boolean;
      /** Courses of temperature and season by hour of day; null without them. */
      readonly smooth: Smooth | null;
      readonly lagHours: number;
    }
  /**
   * A level for each day of the week, a piecewise linear temperature response, which may differ between working days and days off (time of
   * week and temperature for days, as in nmecr, kW Engineering), and the drivers.
   */
  | {
      readonly type: 'day_of_week';
      /** Days of the week on which the place is unoccupied, 0 (Monday) to 6. */
      readonly daysOff: readonly number[];
      /** Public holidays have a separate level and are days off. */
      readonly holidays: boolean;
      /** Ends of the pieces on working days, or on all days; empty without a temperature. */
      readonly knots: readonly number[];
      /** Ends of the pieces on days off; null: as on working days. */
      readonly offKnots: readonly number[] | null;
      /** Two harmonics of the year. */
      readonly season: boolean;
      /** Drivers with an additional effect on days off, by index. */
      readonly apart: readonly number[];
      readonly lagHours: number;
    };

export interface Smooth {
  /** Ridge penalty for a roughness of 1 (Hoerl and Kennard, Technometrics 12 (1970)). */
  readonly restraint: number;
  /** °C that separates the course below from the course above. */
  readonly middle: number;
}

export const HOURS_OF_WEEK = 168;
export const DAYS_OF_WEEK = 7;
/** The level of public holidays follows the levels of the days of the week. */
const DAY_LEVELS = DAYS_OF_WEEK + 1;
/** Harmonics of the year without a course by hour of day, each as sine and cosine. */
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
  const occupiedHours = new Set(basis.occupied);
  const occupied = Uint8Array.from(hours, (hour) => (occupiedHours.has(hour) ? 1 : 0));
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

/** Whether a day is a day off. @param day day of the week as in `Conditions.dayOfWeek` */
export function isDayOff({ daysOff, holidays }: Pick<DayOfWeekBasis, 'daysOff' | 'holidays'>, day: number): boolean {
  return daysOff.includes(day % DAYS_OF_WEEK) || (holidays && day >= DAYS_OF_WEEK);
}

/** Ridge penalty of each column, relative to its squared length; empty without penalties. */
export function penaltiesOf(basis: Basis, drivers: number): number[] {
  if (basis.type !== 'time_of_week_temperature' || basis.smooth === null) return [];
  const { restraint } = basis.smooth;
  return roughnessOf(basis, drivers).map((rough) => restraint * rough);
}

/** Roughness of each column; 0 for columns without a penalty. */
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

/** Number of temperature columns, which come first. */
export function temperatureCount(basis: WeekBasis): number {
  if (basis.type === 'day_of_week') return piecesOf(basis.knots) + piecesOf(basis.offKnots ?? []);
  const none = new Float64Array(0);
  return pieceCount(basis) + warmth(basis, none, none).columns.length;
}

/** Number of columns before those of the drivers: temperature, season, and effects of drivers on days off. */
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

/** The intercept group of each observation. */
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

/** The part of the temperature in each piece; the parts add up to the temperature minus the first knot. */
function pieces(temperature: Float64Array, knots: readonly number[], applies: (i: number) => boolean): Float64Array[] {
  const last = knots.length - 2;
  return knots.slice(1).map((end, piece) => {
    const begin = knots[piece]!;
    const [min, max] = [
      piece === 0 ? Number.NEGATIVE_INFINITY : 0,
      piece === last ? Number.POSITIVE_INFINITY : end - begin,
    ];
    return temperature.map((degrees, i) => (applies(i) ? Math.min(Math.max(degrees - begin, min), max) : 0));
  });
}

function required<T>(value: T | null, what: string): T {
  if (value === null) throw new TypeError(`this model needs ${what}`);
  return value;
}
