import type { Plane } from '../../domain/time/sun.ts';
import { clearCourse } from './solar-clear.ts';
import { type KnownDays, PlaneSearch } from './solar-plane.ts';
import { HourlySky, type SolarSite } from './solar-sky.ts';

/** Hours that follow each other: when each begins, its day on the site's calendar (counting up), and the panels' mean power. */
export interface SolarHours {
  readonly starts: Float64Array;
  readonly day: Int32Array;
  /** kW, NaN is missing; of known hours only. */
  readonly kw: Float64Array;
}

export type SolarMethod = 'model' | 'persistence';

export interface SolarFit {
  readonly plane: Plane;
  /** Days on which the sky was clear: the plane is learnt from them. */
  readonly clearDays: number;
  /** What is served: `persistence` where the model was no better. */
  readonly method: SolarMethod;
  /** kW by hour under a clear sky, for every hour that was given. */
  readonly clearKw: Float64Array;
  /** kW by hour after the known ones. */
  readonly predictedKw: Float64Array;
  readonly lowerKw: Float64Array;
  readonly upperKw: Float64Array;
  readonly backtest: SolarBacktest;
}

export interface SolarBacktest {
  /** kW, hours of daylight, a day ahead; nothing of the tested day or of later days was known to the model. */
  readonly mae: number;
  /** Of the power at the same hour of the day before. */
  readonly persistenceMae: number;
  /** Both for the newest days alone. */
  readonly recent: { readonly mae: number; readonly persistenceMae: number; readonly days: number };
  /** Share of hours within the band of the method that is served. */
  readonly coverage: number;
  readonly days: number;
}

/** Irradiance is worked out this often within an hour; once is enough to compare planes. */
const SAMPLES = 4;
const MAX_INDEX = 1.3;
/** Share of the best hour below which errors show dawn and dusk, not clouds. */
const DIM = 0.05;
/** What sets a day apart from the usual one lasts by this much to the next: least error on measured roofs in France and Australia. */
const LASTING = 0.5;
const USUAL_DAYS = 30;
export const MIN_SOLAR_DAYS = 10;
/** Days that a back-test needs before it. */
const LEARN_DAYS = 7;
/** The back-test learns the plane again after so many days. */
const FOLD_DAYS = 28;
export const SOLAR_RECENT_DAYS = 60;
const DAY_HOURS = 24;
/** A day teaches the plane when this share of its daylight is known. */
const MIN_DAYLIGHT_SHARE = 0.9;
/** Hours within 1 % of the highest one show an inverter's limit when they are this share of the hours with power. */
const CEILING_SHARE = 0.02;

/**
 * Sun position → clear sky → plane → power, with plane and size learnt from clear days, and the share of the clear sky that clouds leave,
 * between that of the last day and the usual one. Where a back-test finds the model no better than the power of the day before, over
 * all days or over the newest ones, the power of the day before is the forecast.
 * @returns null when the panels made nothing, or were known on fewer than ten days
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
  /** Share of the clear sky's energy by day; NaN where too little is known. */
  readonly days: ReadonlyMap<number, number>;
}

/** What the panels make under a clear sky, as far as the hours before an instant show it. */
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

  /** From the hours before the given one; null when the panels made nothing in them. */
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

/** Days of which almost all daylight is known, as ranges of hours. */
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

/** Power at which an inverter or a feed-in limit cuts off, kW; infinite where nothing shows one. */
function ceilingOf(kw: Float64Array): number {
  const most = kw.reduce((max, value) => Math.max(max, value === value ? value : 0), 0);
  const [atMost, all] = [kw.filter((value) => value >= 0.99 * most).length, kw.filter((value) => value > 0).length];
  return all > 0 && atMost > CEILING_SHARE * all ? 0.99 * most : Number.POSITIVE_INFINITY;
}

/** Share of the clear sky's energy that each day gave; NaN where too little is known. */
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

/** The share to expect `ahead` days after `last`: from that of the last known day half-way to the usual one with each day. */
function expectedIndex(days: ReadonlyMap<number, number>, last: number, ahead: number): number {
  const known = [...days].filter(([day, index]) => day <= last && index === index).slice(-USUAL_DAYS);
  const indices = known.map(([, index]) => index).sort((a, b) => a - b);
  const usual = indices[indices.length >> 1] ?? 0;
  const [newest, value] = known.at(-1) ?? [last, usual];
  return usual + LASTING ** Math.max(1, ahead + last - newest) * (value - usual);
}

/** kW by hour after the known ones, by the model. */
function expected({ kw, day }: SolarHours, clearKw: Float64Array, days: ReadonlyMap<number, number>): Float64Array {
  const last = day[kw.length - 1]!;
  return clearKw.subarray(kw.length).map((clear, k) => clear * expectedIndex(days, last, day[kw.length + k]! - last));
}

/** kW by hour after the known ones: the newest known value of the same hour. */
function sameHours({ kw, starts }: SolarHours): Float64Array {
  return new Float64Array(starts.length - kw.length).map((_, k) => {
    for (let s = kw.length + k - DAY_HOURS; s >= 0; s -= DAY_HOURS) if (kw[s] === kw[s]) return kw[s] ?? 0;
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

/** A day ahead, day by day, with what was known the evening before. */
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
      const dim = DIM * fit.clearKw.reduce((most, value) => Math.max(most, value), 0);
      fold = { until: one + FOLD_DAYS, fit, dim };
    }
    const { fit, dim } = fold;
    const [value, same, clear] = [kw[s]!, kw[s - DAY_HOURS] ?? Number.NaN, fit.clearKw[s]!];
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

/** 1 is perfect, 0 no better than the day before. */
function skillOf(trials: readonly Trial[]): number {
  const { mae, persistenceMae } = errorsOf(trials);
  return persistenceMae > 0 ? 1 - mae / persistenceMae : 0;
}

/** Share of the newer half of the errors that lie within the band that the older half would have given. */
function coverageOf(misses: readonly number[]): number {
  const half = Math.floor(misses.length / 2);
  const [low, high] = boundsOf(misses.slice(0, half));
  const newer = misses.slice(half);
  return newer.length > 0 ? newer.filter((off) => off >= low && off <= high).length / newer.length : 0;
}

/** Where 95 % of what was missed lies, as a share of the clear sky. */
function boundsOf(misses: readonly number[]): [number, number] {
  const sorted = [...misses].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))] ?? 0;
  return [at(0.025), at(0.975)];
}
