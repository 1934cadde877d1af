import {
  clearSky,
  type Irradiance,
  type Plane,
  planeOfArray,
  type SunPosition,
  sunPosition,
} from '../../domain/sun.ts';
import { HOUR_MS } from '../../domain/window.ts';

export interface SolarSite {
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
}

/** Hours that follow each other: when each begins, its day on the site's calendar (counting up), and the panels' mean power. */
export interface SolarHours {
  readonly starts: Float64Array;
  readonly day: Int32Array;
  /** kW, NaN is missing; of known hours only. */
  readonly kw: Float64Array;
}

export interface SolarFit {
  readonly plane: Plane;
  /** kW by hour under a clear sky, for every hour that was given. */
  readonly clearKw: Float64Array;
  /** kW by hour after the known ones. */
  readonly predictedKw: Float64Array;
  readonly lowerKw: Float64Array;
  readonly upperKw: Float64Array;
  readonly backtest: SolarBacktest;
}

export interface SolarBacktest {
  /** kW, hours of daylight, a day ahead. */
  readonly mae: number;
  /** Of a sky that stays as the day before. */
  readonly persistenceMae: number;
  readonly coverage: number;
  readonly days: number;
}

/** Usual clean air. */
const LINKE_TURBIDITY = 3;
const TILTS = [0, 10, 20, 30, 40, 50, 60, 75, 90];
const AZIMUTHS = Array.from({ length: 24 }, (_, i) => i * 15);
/** Irradiance is worked out this often within an hour. */
const SAMPLES = 4;
/** W/m² below which a share of the clear sky says nothing. */
const DAYLIGHT_W_M2 = 50;
/** The clearest hours of a time of day show what the panels can do. */
const ENVELOPE = 0.9;
const MOST_INDEX = 1.3;
/** Share of the best hour below which errors tell of dawn and dusk, not of clouds. */
const DIM = 0.05;
/** What sets a day apart from the usual one lasts by this much to the next: least error on measured roofs in France and Australia. */
const LASTING = 0.5;
const USUAL_DAYS = 30;
export const SOLAR_LEAST_DAYS = 10;
/** Days that a back-test needs behind it. */
const LEARN_DAYS = 7;

/**
 * Sun position → clear sky → plane → power, with the plane and the size learnt from the clearest hours of each time of day (which also tells
 * of shadows), and the share of the clear sky that clouds leave, between that of the last day and the usual one.
 * @returns null when the panels made nothing, or were known on fewer than ten days
 */
export function fitSolar(site: SolarSite, hours: SolarHours): SolarFit | null {
  const { kw } = hours;
  const sky = skyOf(site, hours.starts);
  const found = bestPlane(sky, hours);
  if (found === null) return null;
  const days = dayIndices(hours, found.clearKw);
  const known = [...days.values()].filter((index) => index === index).length;
  if (known < SOLAR_LEAST_DAYS) return null;
  const trial = backtest(hours, found.clearKw, days);
  const lastDay = hours.day[kw.length - 1] as number;
  const predictedKw = new Float64Array(hours.starts.length - kw.length);
  const [lowerKw, upperKw] = [predictedKw.slice(), predictedKw.slice()];
  for (let k = 0; k < predictedKw.length; k++) {
    const s = kw.length + k;
    const clear = found.clearKw[s] as number;
    const index = expectedIndex(days, lastDay, (hours.day[s] as number) - lastDay);
    const limits = trial.bounds.map((off) => clear * Math.min(MOST_INDEX, Math.max(0, index + off))) as [
      number,
      number,
    ];
    [predictedKw[k], lowerKw[k], upperKw[k]] = [clear * index, ...limits];
  }
  const { mae, persistenceMae, coverage, count } = trial;
  return { ...found, predictedKw, lowerKw, upperKw, backtest: { mae, persistenceMae, coverage, days: count } };
}

/** Irradiance on any plane by hour. */
function skyOf({ latitudeDeg, longitudeDeg }: SolarSite, starts: Float64Array): (plane: Plane) => Float64Array {
  const instants = [...starts].flatMap((start) =>
    Array.from({ length: SAMPLES }, (_, i) => start + ((i + 0.5) * HOUR_MS) / SAMPLES),
  );
  const suns: SunPosition[] = instants.map((instant) => sunPosition(instant, latitudeDeg, longitudeDeg));
  const skies: Irradiance[] = suns.map((sun) => clearSky(sun, 0, LINKE_TURBIDITY));
  return (plane) =>
    starts.map((_, s) => {
      let sum = 0;
      for (let i = s * SAMPLES; i < (s + 1) * SAMPLES; i++) {
        const sky = skies[i] as Irradiance;
        if (sky.ghi > 0) sum += planeOfArray(suns[i] as SunPosition, sky, plane);
      }
      return sum / SAMPLES;
    });
}

/** The plane whose course over the day lies closest to the clearest hours of each time of day; what still differs is shadow. */
function bestPlane(
  sky: ReturnType<typeof skyOf>,
  { starts, kw }: SolarHours,
): { plane: Plane; clearKw: Float64Array } | null {
  const clock = (s: number) => (((starts[s] as number) / HOUR_MS) % 24) | 0;
  const envelope = clearest(kw, kw, clock);
  if (!envelope.some((value) => value > 0)) return null;
  let best = { plane: { tiltDeg: 0, azimuthDeg: 180 }, error: Number.POSITIVE_INFINITY };
  for (const tiltDeg of TILTS) {
    for (const azimuthDeg of tiltDeg === 0 ? [180] : AZIMUTHS) {
      const plane = { tiltDeg, azimuthDeg };
      const error = misfit(envelope, clearest(sky(plane), kw, clock));
      if (error < best.error) best = { plane, error };
    }
  }
  const wM2 = sky(best.plane);
  const usual = clearest(wM2, kw, clock);
  const ratios = envelope.map((value, h) => ((usual[h] as number) > DAYLIGHT_W_M2 ? value / (usual[h] as number) : 0));
  return { plane: best.plane, clearKw: wM2.map((value, s) => value * (ratios[clock(s)] as number)) };
}

/** By hour of day (UTC), what all but a tenth of the hours stay below; of hours in which the power is known. */
function clearest(values: Float64Array, kw: Float64Array, clock: (s: number) => number): Float64Array {
  const byClock: number[][] = Array.from({ length: 24 }, () => []);
  for (let s = 0; s < kw.length; s++) if (kw[s] === kw[s]) byClock[clock(s)]?.push(values[s] as number);
  return Float64Array.from(byClock, (list) => list.sort((a, b) => a - b)[Math.floor(ENVELOPE * list.length)] ?? 0);
}

/** Share of a course that no multiple of another explains, by least squares: 0 is the same shape. */
function misfit(course: Float64Array, other: Float64Array): number {
  let [both, own, others] = [0, 0, 0];
  for (let h = 0; h < course.length; h++) {
    both += (course[h] as number) * (other[h] as number);
    own += (course[h] as number) ** 2;
    others += (other[h] as number) ** 2;
  }
  return others === 0 ? 1 : 1 - both ** 2 / own / others;
}

/** Share of the clear sky's energy that each day gave; NaN where too little is known. */
function dayIndices({ kw, day }: SolarHours, clearKw: Float64Array): Map<number, number> {
  const sums = new Map<number, { made: number; clear: number; all: number }>();
  for (let s = 0; s < kw.length; s++) {
    const sum = sums.get(day[s] as number) ?? { made: 0, clear: 0, all: 0 };
    sum.all += clearKw[s] as number;
    if (kw[s] === kw[s]) {
      sum.made += kw[s] as number;
      sum.clear += clearKw[s] as number;
    }
    sums.set(day[s] as number, sum);
  }
  return new Map(
    [...sums].map(([one, { made, clear, all }]) => [
      one,
      all > 0 && clear > all / 2 ? Math.min(MOST_INDEX, made / clear) : Number.NaN,
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

/** A day ahead, day by day, with what was known the evening before; the plane is that of the whole history. */
function backtest({ kw, day }: SolarHours, clearKw: Float64Array, days: ReadonlyMap<number, number>) {
  const first = day[0] as number;
  const least = DIM * clearKw.reduce((most, value) => Math.max(most, value), 0);
  const misses: { off: number; clear: number; own: number; same: number }[] = [];
  const tested = new Set<number>();
  const known = new Map<number, { own: number; same: number }>();
  for (let s = 0; s < kw.length; s++) {
    const today = day[s] as number;
    const clear = clearKw[s] as number;
    if (today < first + LEARN_DAYS || kw[s] !== kw[s] || clear < least) continue;
    const before = days.get(today - 1);
    if (before === undefined || before !== before) continue;
    const guess = known.get(today) ?? { own: expectedIndex(days, today - 1, 1), same: before };
    known.set(today, guess);
    tested.add(today);
    const value = kw[s] as number;
    const off = value / clear - guess.own;
    misses.push({ off, clear, own: Math.abs(value - guess.own * clear), same: Math.abs(value - guess.same * clear) });
  }
  const mean = (pick: (miss: (typeof misses)[number]) => number) =>
    misses.reduce((sum, miss) => sum + pick(miss), 0) / (misses.length || 1);
  const half = Math.floor(misses.length / 2);
  const early = boundsOf(misses.slice(0, half));
  const inside = misses.slice(half).filter(({ off }) => off >= early[0] && off <= early[1]).length;
  return {
    mae: mean(({ own }) => own),
    persistenceMae: mean(({ same }) => same),
    coverage: misses.length - half > 0 ? inside / (misses.length - half) : 0,
    bounds: boundsOf(misses),
    count: tested.size,
  };
}

/** Where 95 % of what was missed lies, as a share of the clear sky. */
function boundsOf(misses: readonly { off: number }[]): [number, number] {
  const sorted = misses.map(({ off }) => off).sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))] ?? 0;
  return [at(0.025), at(0.975)];
}
