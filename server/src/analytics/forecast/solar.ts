import { HOURS_PER_DAY } from '@wattkeeper/contract/durations.ts';
import type { Plane } from '../../domain/time/sun.ts';
import { clearCourse } from './solar-clear.ts';
import { type KnownDays, PlaneSearch } from './solar-plane.ts';
import { HourlySky, type SolarSite } from './solar-sky.ts';

/** Consecutive hours: starts, day number on the site's calendar, and mean power of the panels. */
export interface SolarHours {
  readonly starts: Float64Array;
  readonly day: Int32Array;
  /** kW, NaN if missing; known hours only. */
  readonly kw: Float64Array;
}

export type SolarMethod = 'model' | 'persistence';

export interface SolarFit {
  readonly plane: Plane;
  /** Number of clear days from which the plane was fitted. */
  readonly clearDays: number;
  /** The method in use: `persistence` if the model was no better. */
  readonly method: SolarMethod;
  /** Clear-sky power for every given hour, kW. */
  readonly clearKw: Float64Array;
  /** Forecast for the hours after the known ones, kW. */
  readonly predictedKw: Float64Array;
  readonly lowerKw: Float64Array;
  readonly upperKw: Float64Array;
  readonly backtest: SolarBacktest;
}

export interface SolarBacktest {
  /** Day-ahead error in daylight hours, kW; the model used neither the tested day nor later days. */
  readonly mae: number;
  /** Error of persistence: the power at the same hour of the day before. */
  readonly persistenceMae: number;
  /** Both errors for the newest days alone. */
  readonly recent: { readonly mae: number; readonly persistenceMae: number; readonly days: number };
  /** Share of hours within the prediction interval of the method in use. */
  readonly coverage: number;
  readonly days: number;
}

/** Irradiance is computed this many times per hour; once is enough to compare planes. */
const SAMPLES = 4;
const MAX_INDEX = 1.3;
/** Share of the best hour below which errors reflect dawn and dusk rather than clouds. */
const DIM = 0.05;
/** Persistence of a day's deviation from the usual day: minimum error on measured roofs in France and Australia. */
const LASTING = 0.5;
const USUAL_DAYS = 30;
export const MIN_SOLAR_DAYS = 10;
/** Minimum history of a back-test, days. */
const LEARN_DAYS = 7;
/** Interval at which the back-test refits the plane, days. */
const FOLD_DAYS = 28;
export const SOLAR_RECENT_DAYS = 60;
/** Minimum known share of a day's daylight for use in the fit. */
const MIN_DAYLIGHT_SHARE = 0.9;
/** Hours within 1 % of the maximum indicate an inverter limit if they are at least this share of the hours with power. */
const CEILING_SHARE = 0.02;

/**
 * Forecasts solar power: position of the sun → clear sky → plane → power. Orientation and size are fitted on clear days; the cloud factor
 * is between that of the last day and the usual one. If a back-test finds the model no better than persistence, over all days or over the
 * newest ones, persistence is used.
 * @returns null without production, or with fewer than ten known days
 */
export function fitSolar(site: SolarSite, hours: SolarHours): SolarFit | null {
  const { kw } = hours;
  const model = new ClearModel(site, hours);
  const found = model.at(kw.length);
  if (found === null) return null;
  const { clearKw, days } = found;
  if ([...days.values()].filter((index) => index === index).length < MIN_SOLAR_DAYS) return null;
  const trials = backtest(hours, model);
  const recent = trials.filter(({ day }) => day > hours.day[kw.length - 1]! - SOLAR_RECENT_DAYS);
  const isBetter = skillOf(trials) > 0 && skillOf(recent) > 0;
  const method = isBetter ? 'model' : 'persistence';
  const values = isBetter ? expected(hours, clearKw, days) : sameHours(hours);
  const misses = trials.map(({ value, clear, own, same }) => (value - (isBetter ? own : same)) / clear);
  const bounds = boundsOf(misses);
  const ahead = clearKw.subarray(kw.length);
  return {
    plane: found.plane,
    clearDays: found.clearDays,
    method,
    clearKw,
    predictedKw: values,
    lowerKw: values.map((value, k) => Math.max(0, value + Math.min(0, bounds[0]) * ahead[k]!)),
    upperKw: values.map((value, k) => Math.max(value, Math.min(MAX_INDEX * ahead[k]!, value + bounds[1] * ahead[k]!))),
    backtest: {
      ...errorsOf(trials),
      recent: errorsOf(recent),
      coverage: coverageOf(misses),
    },
  };
}

interface ClearFit {
  readonly plane: Plane;
  readonly clearDays: number;
  readonly clearKw: Float64Array;
  /** Share of the clear-sky energy by day; NaN with too little data. */
  readonly days: ReadonlyMap<number, number>;
}

/** Clear-sky power of the panels, estimated from the hours before an instant. */
class ClearModel {
  readonly #hours: SolarHours;
  readonly #sky: HourlySky;
  readonly #known: KnownDays;
  readonly #ceilingKw: number;
  readonly #search: PlaneSearch;
  readonly #courses = new Map<string, Float64Array>();

  constructor(site: SolarSite, hours: SolarHours) {
    const { starts, kw } = hours;
    this.#hours = hours;
    this.#sky = new HourlySky(site, starts, SAMPLES);
    this.#ceilingKw = ceilingOf(kw);
    this.#known = knownDays(hours, this.#on({ tiltDeg: 0, azimuthDeg: 180 }));
    const sky = new HourlySky(site, starts.subarray(0, kw.length), 1);
    this.#search = new PlaneSearch(site, sky, kw, this.#known, this.#ceilingKw);
  }

  /** Fits on the hours before the given one; null without production in them. */
  at(count: number): ClearFit | null {
    const days = this.#known.to.findIndex((to) => to > count);
    const fit = this.#search.fit(days < 0 ? this.#known.to.length : days);
    if (fit === null) return null;
    const { kw } = this.#hours;
    const clearKw = clearCourse(fit, this.#on(fit.plane), kw, this.#known, this.#ceilingKw);
    return { plane: fit.plane, clearDays: fit.clearDays.length, clearKw, days: dayIndices(this.#hours, clearKw) };
  }

  #on(plane: Plane): Float64Array {
    const key = `${plane.tiltDeg} ${plane.azimuthDeg}`;
    const found = this.#courses.get(key) ?? this.#sky.on(plane);
    this.#courses.set(key, found);
    return found;
  }
}

/** Days with almost all daylight hours known, as ranges of hours. */
function knownDays({ kw, day }: SolarHours, flat: Float64Array): KnownDays {
  const [from, to]: [number[], number[]] = [[], []];
  for (let s = 0; s < kw.length; ) {
    let [end, all, known] = [s, 0, 0];
    for (; end < kw.length && day[end] === day[s]; end++) {
      all += flat[end]!;
      if (kw[end] === kw[end]) known += flat[end]!;
    }
    if (all > 0 && known >= MIN_DAYLIGHT_SHARE * all) {
      from.push(s);
      to.push(end);
    }
    s = end;
  }
  return { from: Int32Array.from(from), to: Int32Array.from(to) };
}

/** Power limit of an inverter or of the feed-in, kW; infinite if none is detected. */
function ceilingOf(kw: Float64Array): number {
  const maxKw = kw.reduce((max, value) => Math.max(max, value === value ? value : 0), 0);
  const [atMost, all] = [kw.filter((value) => value >= 0.99 * maxKw).length, kw.filter((value) => value > 0).length];
  return all > 0 && atMost > CEILING_SHARE * all ? 0.99 * maxKw : Number.POSITIVE_INFINITY;
}

/** Share of the clear-sky energy of each day; NaN with too little data. */
function dayIndices({ kw, day }: SolarHours, clearKw: Float64Array): Map<number, number> {
  const sums = new Map<number, { made: number; clear: number; all: number }>();
  for (let s = 0; s < kw.length; s++) {
    const sum = sums.get(day[s]!) ?? { made: 0, clear: 0, all: 0 };
    sum.all += clearKw[s]!;
    if (kw[s] === kw[s]) {
      sum.made += kw[s]!;
      sum.clear += clearKw[s]!;
    }
    sums.set(day[s]!, sum);
  }
  return new Map(
    [...sums].map(([one, { made, clear, all }]) => [
      one,
      all > 0 && clear > all / 2 ? Math.min(MAX_INDEX, made / clear) : Number.NaN,
    ]),
  );
}

/** Expected share `ahead` days after `last`: it approaches the usual share from that of the last known day by half the distance per day. */
function expectedIndex(days: ReadonlyMap<number, number>, last: number, ahead: number): number {
  const known = [...days].filter(([day, index]) => day <= last && index === index).slice(-USUAL_DAYS);
  const indices = known.map(([, index]) => index).sort((a, b) => a - b);
  const usual = indices[indices.length >> 1] ?? 0;
  const [newest, value] = known.at(-1) ?? [last, usual];
  return usual + LASTING ** Math.max(1, ahead + last - newest) * (value - usual);
}

/** Model forecast of the hours after the known ones, kW. */
function expected({ kw, day }: SolarHours, clearKw: Float64Array, days: ReadonlyMap<number, number>): Float64Array {
  const last = day[kw.length - 1]!;
  return clearKw.subarray(kw.length).map((clear, k) => clear * expectedIndex(days, last, day[kw.length + k]! - last));
}

/** Persistence forecast of the hours after the known ones, kW: the newest known value of the same hour. */
function sameHours({ kw, starts }: SolarHours): Float64Array {
  return new Float64Array(starts.length - kw.length).map((_, k) => {
    for (let s = kw.length + k - HOURS_PER_DAY; s >= 0; s -= HOURS_PER_DAY) if (kw[s] === kw[s]) return kw[s] ?? 0;
    return 0;
  });
}

interface Trial {
  readonly day: number;
  readonly value: number;
  readonly clear: number;
  readonly own: number;
  readonly same: number;
}

/** Day-ahead back-test with the data known on the evening before. */
function backtest({ kw, day }: SolarHours, model: ClearModel): Trial[] {
  const trials: Trial[] = [];
  const first = day[0]! + LEARN_DAYS;
  let fold: { until: number; fit: ClearFit; dim: number } | null = null;
  let today = { day: -1, index: Number.NaN };
  for (let s = 0; s < kw.length; s++) {
    const one = day[s]!;
    if (one < first) continue;
    if (fold === null || one >= fold.until) {
      const fit = model.at(s);
      if (fit === null) continue;
      const dim = DIM * fit.clearKw.reduce((max, value) => Math.max(max, value), 0);
      fold = { until: one + FOLD_DAYS, fit, dim };
    }
    const { fit, dim } = fold;
    const [value, same, clear] = [kw[s]!, kw[s - HOURS_PER_DAY] ?? Number.NaN, fit.clearKw[s]!];
    if (value !== value || same !== same || clear < dim) continue;
    if (today.day !== one) today = { day: one, index: expectedIndex(fit.days, one - 1, 1) };
    trials.push({ day: one, value, clear, own: today.index * clear, same });
  }
  return trials;
}

function errorsOf(trials: readonly Trial[]) {
  const mean = (pick: (trial: Trial) => number) =>
    trials.reduce((sum, trial) => sum + Math.abs(trial.value - pick(trial)), 0) / (trials.length || 1);
  return {
    mae: mean(({ own }) => own),
    persistenceMae: mean(({ same }) => same),
    days: new Set(trials.map(({ day }) => day)).size,
  };
}

/** 1 is perfect, 0 is no better than persistence. */
function skillOf(trials: readonly Trial[]): number {
  const { mae, persistenceMae } = errorsOf(trials);
  return persistenceMae > 0 ? 1 - mae / persistenceMae : 0;
}

/** Share of the newer half of the errors within the interval from the older half. */
function coverageOf(misses: readonly number[]): number {
  const half = Math.floor(misses.length / 2);
  const [low, high] = boundsOf(misses.slice(0, half));
  const newer = misses.slice(half);
  return newer.length > 0 ? newer.filter((off) => off >= low && off <= high).length / newer.length : 0;
}

/** 95 % interval of the errors, as shares of the clear sky. */
function boundsOf(misses: readonly number[]): [number, number] {
  const sorted = [...misses].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))] ?? 0;
  return [at(0.025), at(0.975)];
}
