import type { Conditions } from './conditions.ts';
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
      /** Two waves a year beside it, for what comes with the season but not with the temperature: daylight, holidays. */
      readonly season: boolean;
      readonly lagHours: number;
    };

export const HOURS_OF_WEEK = 168;
/** Waves of the season, each as sine and cosine. */
const TIMES_A_YEAR = [1, 2];
/** The mean Gregorian year. */
const YEAR_MS = 365.2425 * 86_400_000;

/** The columns of the regression. */
export function termsOf(basis: Basis, conditions: Conditions): Float64Array[] {
  const { columns } = conditions;
  if (basis.type === 'linear') return [...columns];
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
    ...(basis.season ? waves(conditions.starts) : []),
    ...columns,
  ];
}

/** Names of the columns. */
export function termNames(basis: Basis, drivers: readonly string[]): string[] {
  if (basis.type === 'linear') return [...drivers];
  if (basis.type === 'change_point') {
    const bends = (['heating', 'cooling'] as const).filter((kind) => basis[kind] !== null);
    return [...bends, ...drivers];
  }
  const named = (kind: string, knots: readonly number[]) =>
    knots.slice(1).map((_, piece) => `${kind}_temperature_${piece + 1}`);
  const season = basis.season ? waves(new Float64Array(0)).map((_, wave) => `season_${wave + 1}`) : [];
  return [
    ...named('occupied', basis.occupiedKnots),
    ...named('unoccupied', basis.unoccupiedKnots),
    ...season,
    ...drivers,
  ];
}

/** How many columns the pieces of the temperature are, all at the front. */
export function pieceCount({
  occupiedKnots,
  unoccupiedKnots,
}: Extract<Basis, { type: 'time_of_week_temperature' }>): number {
  return Math.max(occupiedKnots.length - 1, 0) + Math.max(unoccupiedKnots.length - 1, 0);
}

/** How many columns stand before those of the drivers: pieces of the temperature, and the season. */
export function ownCount(basis: Extract<Basis, { type: 'time_of_week_temperature' }>): number {
  return pieceCount(basis) + (basis.season ? 2 * TIMES_A_YEAR.length : 0);
}

/** Which intercept each observation has. */
export function groupsOf(basis: Basis, { hourOfWeek }: Conditions, length: number): Groups {
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
    const begin = knots[piece] as number;
    const [least, most] = [
      piece === 0 ? Number.NEGATIVE_INFINITY : 0,
      piece === last ? Number.POSITIVE_INFINITY : end - begin,
    ];
    return temperature.map((degrees, i) => (applies(i) ? Math.min(Math.max(degrees - begin, least), most) : 0));
  });
}

/** Once and twice a year. */
function waves(starts: Float64Array): Float64Array[] {
  return TIMES_A_YEAR.flatMap((times) =>
    [Math.sin, Math.cos].map((wave) => starts.map((start) => wave((2 * Math.PI * times * start) / YEAR_MS))),
  );
}

function required<T>(value: T | null, what: string): T {
  if (value === null) throw new TypeError(`this model needs ${what}`);
  return value;
}
