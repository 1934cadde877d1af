import { MINUTE_MS, MINUTES_PER_DAY } from '@wattkeeper/contract/durations.ts';
import { COOLED_ABOVE_C, HEATED_BELOW_C } from './calendar-frame.ts';
import { fitCalendarRegression, fitMixture } from './calendar-models.ts';
import { type ForecastEngines, MAX_ARIMA_VALUES } from './engines.ts';
import { fitSeasonalNaive } from './seasonal-naive.ts';
import { type Fitted, fillGaps, type History, type Slots } from './slots.ts';

/** Parameters of a fit in addition to the history. */
export interface FitOptions {
  /** Maximum number of forecast slots. */
  readonly steps: number;
  readonly engines: ForecastEngines;
}

/** A kind of model that is compared for a series. */
export interface Candidate {
  readonly title: string;
  /** Minimum history, days. */
  readonly minDays: number;
  /** Maximum history used, days. */
  readonly maxDays: number;
  readonly fit: (history: History, options: FitOptions) => Fitted;
}

const WEEK = 7;
/** Order of Prophet's seasons. Weekly order 10 separates the days of a week, order 3 does not. */
const SEASONS_OF_HOURS = [
  { name: 'daily', periodDays: 1, order: 6 },
  { name: 'weekly', periodDays: 7, order: 10 },
];
const SEASONS_OF_DAYS = [{ name: 'weekly', periodDays: 7, order: 3 }];

/** Every model by name. To add one, add an entry. */
export const CANDIDATES = {
  naive_day: {
    title: 'Same as the day before',
    minDays: 1,
    maxDays: 60,
    fit: (history) => fitSeasonalNaive(history, history.slots.perDay),
  },
  naive_week: {
    title: 'Same as the week before',
    minDays: WEEK,
    maxDays: 60,
    fit: (history) => fitSeasonalNaive(history, WEEK * history.slots.perDay),
  },
  regression_quick: {
    title: 'Calendar regression, quick to follow',
    minDays: 14,
    maxDays: 400,
    fit: (history, { steps }) => fitCalendarRegression(history, { steps, halfLifeDays: 30 }),
  },
  regression_steady: {
    title: 'Calendar regression, steady',
    minDays: 21,
    maxDays: 730,
    fit: (history, { steps }) => fitCalendarRegression(history, { steps, halfLifeDays: 180 }),
  },
  mixture: {
    title: 'Calendar regression and boosted trees',
    minDays: 28,
    maxDays: 200,
    fit: (history, { steps }) => fitMixture(history, { steps, halfLifeDays: 60 }),
  },
  ets: {
    title: 'Exponential smoothing',
    minDays: 7,
    maxDays: 60,
    fit: ({ slots, values }, { engines }) => engineFit(values, slots, (known, steps) => engines.ets(known, steps)),
  },
  mstl: {
    title: 'Seasons and trend (MSTL)',
    minDays: 21,
    maxDays: 180,
    fit: ({ slots, values }, { engines }) => {
      const periods = slots.perDay === 1 ? [WEEK] : [slots.perDay, WEEK * slots.perDay];
      return engineFit(values, slots, (known, steps) => engines.mstl(known, periods, steps));
    },
  },
  arima: {
    title: 'ARIMA',
    minDays: 7,
    maxDays: 400,
    fit: ({ slots, values }, { engines }) =>
      engineFit(values.subarray(-MAX_ARIMA_VALUES / 2), slots, (known, steps) => engines.arima(known, steps)),
  },
  prophet: {
    title: 'Prophet',
    minDays: 14,
    maxDays: 180,
    fit: fitProphet,
  },
} satisfies Record<string, Candidate>;
export type CandidateName = keyof typeof CANDIDATES;

/** Engines support neither gaps nor calendars. A constant series is forecast by its constant. */
function engineFit(
  values: Float64Array,
  { perDay }: Slots,
  run: (known: Float64Array, steps: number) => Float64Array,
): Fitted {
  const known = fillGaps(values, perDay);
  if (known.every((value) => value === known[0]))
    return { predict: (steps) => new Float64Array(steps).fill(known[0]!) };
  return { predict: (steps) => run(known, steps) };
}

function fitProphet({ slots, values }: History, { steps, engines }: FitOptions): Fitted {
  const n = values.length;
  const known = [...values.keys()].filter((s) => values[s] === values[s]);
  const future = Array.from({ length: steps }, (_, k) => n + k);
  const pick = (column: ArrayLike<number>, at: readonly number[]) => Float64Array.from(at, (s) => column[s]!);
  const seconds = clockSeconds(slots);
  const regressors = Object.entries(regressorsOf(slots)).flatMap(([name, column]) => {
    const [then, soon] = [pick(column, known), pick(column, future)];
    return then.every((value) => value === then[0]) ? [] : [{ name, known: then, future: soon }];
  });
  const y = pick(values, known);
  if (y.every((value) => value === y[0]))
    return { predict: (asked) => new Float64Array(asked).fill(y[0] ?? Number.NaN) };
  const points = engines.prophet({
    ds: pick(seconds, known),
    y,
    future: pick(seconds, future),
    seasons: slots.perDay === 1 ? SEASONS_OF_DAYS : SEASONS_OF_HOURS,
    regressors,
  });
  return { predict: (asked) => points.subarray(0, asked) };
}

/** Seconds on the clock of the site: a season keeps its hour across daylight saving changes. */
function clockSeconds(slots: Slots): Float64Array {
  const { starts, minuteOfDay } = slots;
  return starts.map((start, s) => {
    const minuteUtc = (start / MINUTE_MS) % MINUTES_PER_DAY;
    const shift = ((minuteOfDay[s]! - minuteUtc + 720 + MINUTES_PER_DAY) % MINUTES_PER_DAY) - 720;
    return start / 1000 + shift * 60;
  });
}

function regressorsOf({ holiday, temperatureC }: Slots): Record<string, Float64Array> {
  if (temperatureC === null) return { holiday: Float64Array.from(holiday) };
  const known = temperatureC.filter((value) => value === value);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length || 0;
  const filled = temperatureC.map((value) => (value === value ? value : mean));
  return {
    holiday: Float64Array.from(holiday),
    heating: filled.map((value) => Math.max(0, HEATED_BELOW_C - value)),
    cooling: filled.map((value) => Math.max(0, value - COOLED_ABOVE_C)),
  };
}
