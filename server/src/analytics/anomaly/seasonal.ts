import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Series } from '../../domain/columns/frame.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { dayWindow, localTime } from '../../domain/time/site-time.ts';

export interface SeasonalSeries extends Series {
  /** IANA zone whose clock the habits of the series follow; default UTC. */
  readonly timeZone?: string;
  /** Width of a slot of the daily and weekly profile; it divides an hour. Default 15 min. */
  readonly slotMs?: number;
}

export interface SeasonalOptions {
  /** For so long after the first value the score is 0; default a week. */
  readonly probationMs?: number;
}

/** One entry a value, each from the values up to it; NaN where nothing is known yet. */
export interface SeasonalDetection {
  /** What the profile said before the value was seen, in the series' unit. */
  readonly expected: Float64Array;
  /** Robust standard deviation of what lay between value and expectation at that hour of the day, in the series' unit. */
  readonly sigma: Float64Array;
  /**
   * 0–1: one minus a bound on the probability of residuals so strange, of one value or of the last few; from 0.99 on worth an alarm. An event is
   * told when it begins or grows, not as long as it lasts. 0 for missing values.
   */
  readonly score: Float64Array;
}

/** What is said of one value. */
export interface SeasonalStep {
  readonly expected: number;
  readonly sigma: number;
  readonly score: number;
}

/** Where a detector stands: plain JSON. */
export interface SeasonalState {
  readonly version: 1;
  readonly timeZone: string;
  readonly slotMs: number;
  readonly probationMs: number;
  /** Instants of the first and the last value; null before the first. */
  since: number | null;
  time: number;
  value: number;
  /** Smallest step between two values that follow each other; null while there was none. */
  resolution: number | null;
  /** From coarse to fine: level, time of day, time of week. */
  readonly profiles: readonly ProfileState[];
  /** Mean of the last residuals. */
  recent: number;
  readonly channels: readonly MomentsState[];
  /** How strange the strangest of the last days was, 0–1, fading. */
  known: number;
}

interface ProfileState {
  readonly slotMs: number;
  /** Value by slot, and how much of each slot was seen: 1 is once from end to end. */
  readonly values: number[];
  readonly seen: number[];
  /** What has lately come on top everywhere. */
  drift: number;
  /** Mean square of the residuals by hour of the day, and over all hours (the last entry), and the hours they tell of. */
  readonly squares: number[];
  readonly hours: number[];
}

interface MomentsState {
  count: number;
  mean: number;
  /** Mean fourth power of what was away from the mean. */
  fourth: number;
}

const SLOT_MS = 15 * MINUTE_MS;
const PROBATION_MS = 7 * UTC_DAY_MS;
const ALL_HOURS = 24;
/** A slot of a profile follows new days by at least this share. */
const LEARNING_MIN = 0.05;
/** The level beside the profile follows within a day, the spread within a fortnight. */
const DRIFT_MS = UTC_DAY_MS;
const SPREAD_HOURS = 14 * 24;
/** So much of what is new is taken in at once after a gap, at most. */
const GAIN_MAX = 0.2;
/** Residuals beyond so many sigma count as so many (Huber's winsorising), for profile and spread. */
const CLIP = 3;
/** An hour's spread weighs as much as that of all hours after so many days. */
const HOUR_PRIOR = 12;
/** A profile that was held against values for so long has twice the error that it seems to have, and clips from then on. */
const PROFILE_PRIOR_HOURS = 48;
/** Differences of less than this share of the value are rounding, and so are those of a value below `NEAR_ZERO`. */
const ROUNDING = 1e-9;
const NEAR_ZERO = 1e-9;
/** Values beyond it are taken for missing: their powers are no numbers. */
const VALUE_MAX = 1e60;
/** Values that the short and the long window of the score reach back, as time constants. */
const SHORT_VALUES = 12;
const LONG_VALUES = 6400;
/** The weight of a value falls with age as age to this power less one, until the long window is full. */
const FADING = 3;
const CHANNEL_VALUES_MIN = 6;
/**
 * What is known is kept as k/(k + this) of its strangeness k, so that even the strangest fades; it does within so long, and only what is
 * stranger by this factor is news.
 */
const KNOWN_HALF = 5;
const KNOWN_MS = 2 * UTC_DAY_MS;
const NEWS_FACTOR = 1.05;

/**
 * Finds what is unusual in a series that no baseline explains.
 * @throws InvalidInput for a slot that does not divide an hour, columns of different length, or times that do not ascend
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

/** The detector value by value: memory does not grow with the series. */
export class SeasonalDetector {
  readonly #state: SeasonalState;
  readonly #clock: WeekClock;
  /** Mean square of each profile's residuals at the hour of the step. */
  readonly #squares = new Float64Array(3);

  /** @param state plain JSON that `state()` gave: the detector goes on from there and owns it */
  constructor(state: SeasonalState) {
    if (state.version !== 1) throw new InvalidInput(`the state is of version ${state.version}; known is 1`);
    this.#state = state;
    this.#clock = new WeekClock(state.timeZone);
  }

  /** A detector that has seen nothing. */
  static begin(
    { timeZone = 'UTC', slotMs = SLOT_MS }: Pick<SeasonalSeries, 'timeZone' | 'slotMs'> = {},
    { probationMs = PROBATION_MS }: SeasonalOptions = {},
  ): SeasonalDetector {
    if (!(slotMs >= MINUTE_MS && HOUR_MS % slotMs === 0)) {
      throw new InvalidInput(`slotMs must divide an hour and be at least ${MINUTE_MS}; got ${slotMs}`);
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

  /** A copy of where it stands. */
  state(): SeasonalState {
    return JSON.parse(JSON.stringify(this.#state)) as SeasonalState;
  }

  /**
   * Judges the next value, then learns from it. Of missing values (NaN) it says what was expected; they are neither judged nor learnt.
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
    const least = Math.max((state.resolution ?? 0) / 2, rounding(state.value));
    const { expected, sigma, low, high } = this.#expect(slot, hour, least ** 2);
    if (!(Math.abs(value) <= VALUE_MAX)) return { expected, sigma, score: 0 };
    const residual = value - Math.min(Math.max(value, low), high);
    const score = state.since === null ? 0 : this.#score(instant, residual);
    this.#learn(instant, value, slot, hour);
    return { expected, sigma, score };
  }

  /**
   * The mean of what the profiles say, each weighed by how near it was at this hour and how much of the slot it saw; its spread is that of
   * the mixture. Habits keep no strict time, so `low` and `high` reach over what is said of the slots beside.
   */
  #expect(slot: number, hour: number, least: number) {
    const { profiles, value } = this.#state;
    let [total, mean, second, before, after, coarser] = [0, 0, 0, 0, 0, 0];
    for (const [k, profile] of profiles.entries()) {
      coarser = Math.max(meanSquare(profile, hour, coarser, least), least);
      this.#squares[k] = coarser;
      const seen = profile.seen[slot % profile.seen.length]!;
      if (seen === 0) continue;
      const weight = seen / (seen + 1) / coarser ** 2;
      // Relative to the last value: squares of large numbers would leave nothing of the spread.
      const said = predict(profile, slot, 0) - value;
      total += weight;
      mean += weight * said;
      second += weight * (coarser + said ** 2);
      before += weight * (predict(profile, slot - 1, said + value) - value);
      after += weight * (predict(profile, slot + 1, said + value) - value);
    }
    const sides = [mean / total, before / total, after / total];
    return {
      expected: value + mean / total,
      sigma: Math.sqrt(Math.max(second / total - (mean / total) ** 2, least)),
      low: value + Math.min(...sides),
      high: value + Math.max(...sides),
    };
  }

  /** Residual and mean of the last residuals, each against what is usual for it in the long run. */
  #score(instant: number, residual: number): number {
    const state = this.#state;
    state.recent += (residual - state.recent) / SHORT_VALUES;
    const [single, lasting] = state.channels as [MomentsState, MomentsState];
    const least = rounding(state.value);
    const strangeness = Math.max(strangenessOf(single, residual, least), strangenessOf(lasting, state.recent, least));
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
    const least = (state.resolution ?? 0) / 2;
    for (const [k, profile] of state.profiles.entries()) {
      const sigma = Math.max(Math.sqrt(this.#squares[k]!), least);
      learn(profile, { slot, hour, value, passedMs, sigma });
    }
    state.time = instant;
    state.value = value;
  }
}

/** Minutes since Monday 00:00 on a site's clock; the calendar is asked once a day, and once an instant only on days of a clock change. */
class WeekClock {
  readonly #timeZone: string;
  #day = { start: 0, end: 0, minutesBefore: 0 };

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  minuteOfWeek(instant: number): number {
    if (!(instant >= this.#day.start && instant < this.#day.end)) {
      const { day, weekday } = localTime(instant, this.#timeZone);
      this.#day = { ...dayWindow(day, this.#timeZone), minutesBefore: (weekday - 1) * 1440 };
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
 * Mean square of a profile's residuals at an hour of the day; while they are few it is drawn towards that of all hours (as a geometric mean,
 * for hours may differ by orders of magnitude) and of the coarser profile.
 */
function meanSquare({ squares, hours }: ProfileState, hour: number, ofCoarser: number, least: number): number {
  const [own, all] = [hours[hour]!, hours[ALL_HOURS]!];
  const ofHour = Math.max(squares[hour]!, least);
  const ofAll = Math.max(squares[ALL_HOURS]!, least);
  const drawn = ofAll * (ofHour / ofAll) ** (own / (own + HOUR_PRIOR));
  return (drawn * all + ofCoarser * PROFILE_PRIOR_HOURS) / (all + PROFILE_PRIOR_HOURS);
}

/** What a profile says of a slot, or `otherwise` where it never saw it. */
function predict(profile: ProfileState, slot: number, otherwise: number): number {
  const { length } = profile.values;
  const at = (slot + length) % length;
  return profile.seen[at] === 0 ? otherwise : profile.values[at]! + profile.drift;
}

interface Lesson {
  readonly slot: number;
  readonly hour: number;
  readonly value: number;
  readonly passedMs: number;
  readonly sigma: number;
}

/** Takes a value in; what is far out counts as `CLIP` sigma, so that a fault hardly bends the profile, but a lasting change does. */
function learn(profile: ProfileState, { slot, hour, value, passedMs, sigma }: Lesson): void {
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
  profile.values[at] = profile.values[at]! + clipped * share * Math.max(1 / (seen + share), LEARNING_MIN);
  profile.drift += clipped * Math.min(passedMs / DRIFT_MS, GAIN_MAX);
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
 * How far a quantity is from its mean so far, in units of ⁴√(mean fourth power): where far ones recur, that soon grows much more than a standard
 * deviation does. Then the quantity is taken in.
 */
function strangenessOf(moments: MomentsState, quantity: number, least: number): number {
  const away = quantity - moments.mean;
  const usual = Math.max(moments.fourth ** 0.25, least);
  const strangeness = moments.count < CHANNEL_VALUES_MIN ? 0 : Math.abs(away) / usual;
  moments.count++;
  // More than 1/n: what was strange while the profile knew little is to fade.
  const gain = Math.max(FADING / (moments.count + FADING - 1), 1 / LONG_VALUES);
  moments.mean += gain * away;
  moments.fourth += gain * (away ** 4 - moments.fourth);
  return strangeness;
}
