import { HOUR_MS, MINUTE_MS, MINUTES_PER_DAY, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Series } from '../../domain/columns/frame.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { dayWindow, localTime } from '../../domain/time/site-time.ts';

export interface SeasonalSeries extends Series {
  /** IANA time zone of the daily and weekly profile; default UTC. */
  readonly timeZone?: string;
  /** Width of a slot of the daily and weekly profile; it must divide an hour. Default 15 min. */
  readonly slotMs?: number;
}

export interface SeasonalOptions {
  /** The score is 0 for this long after the first value; default a week. */
  readonly probationMs?: number;
}

/** One entry for each value, computed from the previous values only; NaN before the first. */
export interface SeasonalDetection {
  /** The profile's prediction, in the series' unit. */
  readonly expected: Float64Array;
  /** Robust standard deviation of the residuals at that hour of the day, in the series' unit. */
  readonly sigma: Float64Array;
  /**
   * 0–1: one minus an upper bound of the probability of such a residual, of one value or of the last few; 0.99 or more deserves an alarm.
   * An event has a score when it begins or grows, not while it lasts. 0 for missing values.
   */
  readonly score: Float64Array;
}

/** The result for one value. */
export interface SeasonalStep {
  readonly expected: number;
  readonly sigma: number;
  readonly score: number;
}

/** State of a detector: plain JSON. */
export interface SeasonalState {
  readonly version: 1;
  readonly timeZone: string;
  readonly slotMs: number;
  readonly probationMs: number;
  /** Instants of the first and the last value; null before the first. */
  since: number | null;
  time: number;
  value: number;
  /** Smallest difference between two consecutive values; null if all were equal. */
  resolution: number | null;
  /** From coarse to fine: level, time of day, time of week. */
  readonly profiles: readonly ProfileState[];
  /** Mean of the last residuals. */
  recent: number;
  readonly channels: readonly MomentsState[];
  /** Score of the strongest recent event, 0–1, decaying over days. */
  known: number;
}

interface ProfileState {
  readonly slotMs: number;
  /** Value by slot, and the observed time of each slot: 1 is one full slot. */
  readonly values: number[];
  readonly seen: number[];
  /** Recent offset of all slots. */
  drift: number;
  /** Mean square of the residuals by hour of the day and over all hours (the last entry), and the number of hours that each includes. */
  readonly squares: number[];
  readonly hours: number[];
}

interface MomentsState {
  count: number;
  mean: number;
  /** Mean fourth power of the deviations from the mean. */
  fourth: number;
}

const SLOT_MS = 15 * MINUTE_MS;
const PROBATION_MS = 7 * UTC_DAY_MS;
const ALL_HOURS = 24;
/** Minimum weight of a new day in a slot of a profile. */
const MIN_LEARNING_RATE = 0.05;
/** Time constants: a day for the offset of a profile, a fortnight for the spread. */
const DRIFT_MS = UTC_DAY_MS;
const SPREAD_HOURS = 14 * 24;
/** Maximum weight of one value, reached after a gap. */
const MAX_GAIN = 0.2;
/** Residuals are clipped to this many σ before they update profile and spread (Huber's winsorising). */
const CLIP = 3;
/** After this many days, the spread of an hour weighs as much as that of all hours. */
const HOUR_PRIOR = 12;
/** Until a profile has been compared with values for this many hours, its error is taken as greater, and residuals are not clipped. */
const PROFILE_PRIOR_HOURS = 48;
/** Differences of less than this share of the value are rounding, and so are those of a value below `NEAR_ZERO`. */
const ROUNDING = 1e-9;
const NEAR_ZERO = 1e-9;
/** Greater values are treated as missing: their fourth powers overflow. */
const MAX_VALUE = 1e60;
/** Time constants of the short and the long window of the score, in values. */
const SHORT_VALUES = 12;
const LONG_VALUES = 6400;
/** Exponent of the decay of weights with age plus one, until the long window is full. */
const FADING = 3;
const MIN_CHANNEL_VALUES = 6;
/**
 * The strongest recent event of strangeness k is stored as k/(k + KNOWN_HALF), decays with the time constant KNOWN_MS, and a later value is a
 * new event only if it exceeds the stored value by NEWS_FACTOR.
 */
const KNOWN_HALF = 5;
const KNOWN_MS = 2 * UTC_DAY_MS;
const NEWS_FACTOR = 1.05;

/**
 * Finds unusual values in a series without a baseline.
 * @throws InvalidInput if the slot does not divide an hour, columns differ in length, or times do not ascend
 */
export function detectSeasonal(series: SeasonalSeries, options: SeasonalOptions = {}): SeasonalDetection {
  const { timestamps, values } = series;
  if (timestamps.length !== values.length) {
    throw new InvalidInput(`${timestamps.length} timestamps cannot belong to ${values.length} values`);
  }
  const detector = SeasonalDetector.begin(series, options);
  const [expected, sigma, score] = [0, 1, 2].map(() => new Float64Array(values.length)) as Float64Array[] as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let i = 0; i < values.length; i++) {
    const step = detector.step(timestamps[i]!, values[i]!);
    expected[i] = step.expected;
    sigma[i] = step.sigma;
    score[i] = step.score;
  }
  return { expected, sigma, score };
}

/** The same detector, one value at a time: its memory does not grow with the series. */
export class SeasonalDetector {
  readonly #state: SeasonalState;
  readonly #clock: WeekClock;
  /** Mean square of each profile's residuals at the hour of the step. */
  readonly #squares = new Float64Array(3);

  /** @param state a result of `state()`; the detector continues from it and owns it */
  constructor(state: SeasonalState) {
    if (state.version !== 1) throw new InvalidInput(`the state is of version ${state.version}; known is 1`);
    this.#state = state;
    this.#clock = new WeekClock(state.timeZone);
  }

  /** A detector without history. */
  static begin(
    { timeZone = 'UTC', slotMs = SLOT_MS }: Pick<SeasonalSeries, 'timeZone' | 'slotMs'> = {},
    { probationMs = PROBATION_MS }: SeasonalOptions = {},
  ): SeasonalDetector {
    if (!(slotMs >= MINUTE_MS && HOUR_MS % slotMs === 0)) {
      throw new InvalidInput(`slotMs must divide an hour and be at minimum ${MINUTE_MS}; got ${slotMs}`);
    }
    if (!(probationMs >= 0)) throw new InvalidInput(`probationMs must be 0 or more; got ${probationMs}`);
    return new SeasonalDetector({
      version: 1,
      timeZone,
      slotMs,
      probationMs,
      since: null,
      time: 0,
      value: 0,
      resolution: null,
      profiles: [
        emptyProfile(1, UTC_DAY_MS),
        emptyProfile(UTC_DAY_MS / slotMs, slotMs),
        emptyProfile((7 * UTC_DAY_MS) / slotMs, slotMs),
      ],
      recent: 0,
      channels: [emptyMoments(), emptyMoments()],
      known: 0,
    });
  }

  /** A copy of the state. */
  state(): SeasonalState {
    return JSON.parse(JSON.stringify(this.#state)) as SeasonalState;
  }

  /**
   * Scores the next value, then learns from it. A missing value (NaN) gets an expectation, but no score, and is not learnt.
   * @param instant epoch milliseconds, not before the last one
   */
  step(instant: number, value: number): SeasonalStep {
    const state = this.#state;
    if (state.since !== null && !(instant >= state.time)) {
      throw new InvalidInput(`timestamps must ascend; got ${instant} after ${state.time}`);
    }
    const minute = this.#clock.minuteOfWeek(instant);
    const hour = Math.floor(minute / 60) % 24;
    const slot = Math.floor((minute * MINUTE_MS) / state.slotMs);
    const minimum = Math.max((state.resolution ?? 0) / 2, rounding(state.value));
    const { expected, sigma, low, high } = this.#expect(slot, hour, minimum ** 2);
    if (!(Math.abs(value) <= MAX_VALUE)) return { expected, sigma, score: 0 };
    const residual = value - Math.min(Math.max(value, low), high);
    const score = state.since === null ? 0 : this.#score(instant, residual);
    this.#learn(instant, value, slot, hour);
    return { expected, sigma, score };
  }

  /**
   * The weighted mean of the profiles' predictions; weights follow from each profile's error at this hour and the observed time of the slot.
   * The spread is that of the mixture. Daily routines shift in time, so `low` and `high` include the predictions of the neighbouring slots.
   */
  #expect(slot: number, hour: number, minimum: number) {
    const { profiles, value } = this.#state;
    let [total, mean, second, before, after, coarser] = [0, 0, 0, 0, 0, 0];
    for (const [k, profile] of profiles.entries()) {
      coarser = Math.max(meanSquare(profile, hour, coarser, minimum), minimum);
      this.#squares[k] = coarser;
      const seen = profile.seen[slot % profile.seen.length]!;
      if (seen === 0) continue;
      const weight = seen / (seen + 1) / coarser ** 2;
      // Relative to the last value: squares of large numbers would cancel the spread.
      const predicted = predict(profile, slot, 0) - value;
      total += weight;
      mean += weight * predicted;
      second += weight * (coarser + predicted ** 2);
      before += weight * (predict(profile, slot - 1, predicted + value) - value);
      after += weight * (predict(profile, slot + 1, predicted + value) - value);
    }
    const sides = [mean / total, before / total, after / total];
    return {
      expected: value + mean / total,
      sigma: Math.sqrt(Math.max(second / total - (mean / total) ** 2, minimum)),
      low: value + Math.min(...sides),
      high: value + Math.max(...sides),
    };
  }

  /** Scores the residual and the mean of the last residuals, each against its long-term distribution. */
  #score(instant: number, residual: number): number {
    const state = this.#state;
    state.recent += (residual - state.recent) / SHORT_VALUES;
    const [single, lasting] = state.channels as [MomentsState, MomentsState];
    const minimum = rounding(state.value);
    const strangeness = Math.max(
      strangenessOf(single, residual, minimum),
      strangenessOf(lasting, state.recent, minimum),
    );
    const known = state.known * Math.exp(-(instant - state.time) / KNOWN_MS);
    const share = 1 - KNOWN_HALF / (strangeness + KNOWN_HALF);
    const isNews = share > known * NEWS_FACTOR;
    state.known = Math.max(known, share);
    if (instant - (state.since as number) < state.probationMs || !isNews) return 0;
    // Markov's inequality: no distribution has more than 1/k⁴ of its mass farther from its mean than k times ⁴√(fourth central moment).
    return 1 - 1 / Math.max(strangeness, 1) ** 4;
  }

  #learn(instant: number, value: number, slot: number, hour: number): void {
    const state = this.#state;
    if (state.since === null) state.since = instant;
    else {
      const change = Math.abs(value - state.value);
      if (change > 0) state.resolution = Math.min(state.resolution ?? change, change);
    }
    const passedMs = Math.max(instant - state.time, 1);
    const minimum = (state.resolution ?? 0) / 2;
    for (const [k, profile] of state.profiles.entries()) {
      const sigma = Math.max(Math.sqrt(this.#squares[k]!), minimum);
      learn(profile, { slot, hour, value, passedMs, sigma });
    }
    state.time = instant;
    state.value = value;
  }
}

/** Minutes since Monday 00:00, local time. The time zone is consulted once a day, and for every instant only on days of a clock change. */
class WeekClock {
  readonly #timeZone: string;
  #day = { start: 0, end: 0, minutesBefore: 0 };

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  minuteOfWeek(instant: number): number {
    if (!(instant >= this.#day.start && instant < this.#day.end)) {
      const { day, weekday } = localTime(instant, this.#timeZone);
      this.#day = { ...dayWindow(day, this.#timeZone), minutesBefore: (weekday - 1) * MINUTES_PER_DAY };
    }
    const { start, end, minutesBefore } = this.#day;
    const isPlain = end - start === UTC_DAY_MS;
    return minutesBefore + (isPlain ? (instant - start) / MINUTE_MS : localTime(instant, this.#timeZone).minuteOfDay);
  }
}

function emptyProfile(slots: number, slotMs: number): ProfileState {
  const zeros = (length: number): number[] => new Array<number>(length).fill(0);
  return {
    slotMs,
    values: zeros(slots),
    seen: zeros(slots),
    drift: 0,
    squares: zeros(ALL_HOURS + 1),
    hours: zeros(ALL_HOURS + 1),
  };
}

/**
 * Mean square of a profile's residuals at an hour of the day. With few residuals it is shrunk towards that of all hours (as a geometric
 * mean, since hours may differ by orders of magnitude) and that of the coarser profile.
 */
function meanSquare({ squares, hours }: ProfileState, hour: number, ofCoarser: number, minimum: number): number {
  const [own, all] = [hours[hour]!, hours[ALL_HOURS]!];
  const ofHour = Math.max(squares[hour]!, minimum);
  const ofAll = Math.max(squares[ALL_HOURS]!, minimum);
  const drawn = ofAll * (ofHour / ofAll) ** (own / (own + HOUR_PRIOR));
  return (drawn * all + ofCoarser * PROFILE_PRIOR_HOURS) / (all + PROFILE_PRIOR_HOURS);
}

/** A profile's prediction for a slot, or `otherwise` for a slot that it has never observed. */
function predict(profile: ProfileState, slot: number, otherwise: number): number {
  const { length } = profile.values;
  const at = (slot + length) % length;
  return profile.seen[at] === 0 ? otherwise : profile.values[at]! + profile.drift;
}

interface Observation {
  readonly slot: number;
  readonly hour: number;
  readonly value: number;
  readonly passedMs: number;
  readonly sigma: number;
}

/** Updates a profile. Residuals are clipped to `CLIP` σ, so a fault hardly changes the profile, but a lasting change does. */
function learn(profile: ProfileState, { slot, hour, value, passedMs, sigma }: Observation): void {
  const at = slot % profile.values.length;
  const seen = profile.seen[at]!;
  const share = Math.min(passedMs / profile.slotMs, 1);
  profile.seen[at] = seen + share;
  if (seen === 0) {
    profile.values[at] = value - profile.drift;
    return;
  }
  const residual = value - predict(profile, slot, value);
  const limit = CLIP * sigma;
  const isKnown = profile.hours[ALL_HOURS]! >= PROFILE_PRIOR_HOURS;
  const clipped = isKnown ? Math.min(Math.max(residual, -limit), limit) : residual;
  profile.values[at] = profile.values[at]! + clipped * share * Math.max(1 / (seen + share), MIN_LEARNING_RATE);
  profile.drift += clipped * Math.min(passedMs / DRIFT_MS, MAX_GAIN);
  const passedHours = Math.min(passedMs / HOUR_MS, 1);
  for (const [bin, often] of [[hour, 24] as const, [ALL_HOURS, 1] as const]) {
    const hours = profile.hours[bin]! + passedHours;
    profile.hours[bin] = hours;
    const gain = passedHours * Math.max(1 / hours, often / SPREAD_HOURS);
    profile.squares[bin] = profile.squares[bin]! + gain * (clipped ** 2 - profile.squares[bin]!);
  }
}

function rounding(value: number): number {
  return ROUNDING * Math.max(Math.abs(value), NEAR_ZERO);
}

function emptyMoments(): MomentsState {
  return { count: 0, mean: 0, fourth: 0 };
}

/**
 * Distance of a quantity from its mean, in units of ⁴√(mean fourth power), which grows faster than a standard deviation if large deviations
 * recur. Then updates the moments with the quantity.
 */
function strangenessOf(moments: MomentsState, quantity: number, minimum: number): number {
  const deviation = quantity - moments.mean;
  const usual = Math.max(moments.fourth ** 0.25, minimum);
  const strangeness = moments.count < MIN_CHANNEL_VALUES ? 0 : Math.abs(deviation) / usual;
  moments.count++;
  // More than 1/n: residuals of the first days, when the profile was inaccurate, must lose their weight.
  const gain = Math.max(FADING / (moments.count + FADING - 1), 1 / LONG_VALUES);
  moments.mean += gain * deviation;
  moments.fourth += gain * (deviation ** 4 - moments.fourth);
  return strangeness;
}
