import { MINUTES_PER_DAY } from '@wattkeeper/contract/durations.ts';
import { fillGaps, type History, type Slots, sameClock } from './slots.ts';
import type { Matrix } from './weighted-fit.ts';

/** A history prepared for calendar models: rows are its later slots, then the slots to forecast. */
export interface CalendarFrame {
  readonly slots: Slots;
  /** kW of the known slots, gaps filled. */
  readonly filled: Float64Array;
  readonly steps: number;
  /** Slots back to the newest day that is known for every forecast step. */
  readonly lag: number;
  /** Slots back to the newest such day with the same weekday. */
  readonly week: number;
  /** Slot of the first row, and the number of known rows. */
  readonly first: number;
  readonly known: number;
  /** Weights of the known rows: newer rows weigh more, missing rows nothing. */
  readonly weights: Float64Array;
}

export interface CalendarOptions {
  /** Maximum number of forecast slots; newer slots cannot serve as lags. */
  readonly steps: number;
  /** Age at which the weight of a row is halved, days. */
  readonly halfLifeDays: number;
}

const HARMONICS = 6;
const WEEKS = 3;
/** °C below which heating and above which cooling is assumed; the slopes are fitted. */
export const HEATED_BELOW_C = 15;
export const COOLED_ABOVE_C = 20;

/** Prepares a history of at least two weeks. */
export function calendarFrame({ slots, values }: History, { steps, halfLifeDays }: CalendarOptions): CalendarFrame {
  const { perDay } = slots;
  const n = values.length;
  const lag = perDay === 1 ? Math.max(7, steps) : perDay * Math.ceil(steps / perDay);
  const first = Math.min(lag + 7 * perDay, Math.floor(n / 2));
  const weights = Float64Array.from({ length: n - first }, (_, r) =>
    Number.isNaN(values[first + r]) ? 0 : 0.5 ** ((n - first - r) / perDay / halfLifeDays),
  );
  const week = 7 * perDay * Math.ceil(lag / (7 * perDay));
  return { slots, filled: fillGaps(values, perDay), steps, lag, week, first, known: n - first, weights };
}

/** Rows of the regression: intercept, kind of day, clock, temperature, and earlier values at the same time. */
export function regressionRows(frame: CalendarFrame): Matrix {
  const { slots, first, known, steps } = frame;
  const rows = known + steps;
  const row = (s: number) => [1, ...clockTerms(slots, s), ...weatherTerms(slots, s), ...lagTerms(frame, s)];
  const columns = row(first).length;
  const values = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) values.set(row(first + r), r * columns);
  return { rows, columns, values };
}

/** Columns for trees, including the median of the same time on the seven newest days, which is also returned. */
export function treeColumns(frame: CalendarFrame): { columns: Float64Array[]; median: Float64Array } {
  const { slots, lag, week, first, known, steps } = frame;
  const { perDay, minuteOfDay, weekday, temperatureC } = slots;
  const rows = known + steps;
  const column = (of: (s: number) => number) => Float64Array.from({ length: rows }, (_, r) => of(first + r));
  const lagged = (away: number) => column((s) => at(frame, s, away));
  const median = column((s) => medianOf(frame, s, lag, 7, perDay));
  const columns = [
    column((s) => minuteOfDay[s]!),
    column((s) => weekday[s]!),
    column((s) => restOf(slots, s)),
    column((s) => restOf(slots, Math.max(0, s - perDay))),
    ...[lag, lag + 1, lag + 2, lag + perDay, lag + perDay - 1, lag + 5 * perDay].map(lagged),
    ...[week, week - 1, week + 7 * perDay].map(lagged),
    ...[perDay, 7 * perDay].map((count) => column((s) => meanBefore(frame, s, lag, count))),
    column((s) => meanOf(frame, s, lag, 7, perDay)),
    median,
    column((s) => medianOf(frame, s, week, 4, 7 * perDay)),
    ...(temperatureC === null ? [] : [temperatureC.slice(first, first + rows)]),
  ];
  return { columns, median };
}

/** 0 for a working day, 1 for a Saturday, 2 for a Sunday or holiday. */
function restOf({ weekday, holiday }: Slots, s: number): 0 | 1 | 2 {
  return holiday[s] === 1 || weekday[s] === 7 ? 2 : weekday[s] === 6 ? 1 : 0;
}

function clockTerms(slots: Slots, s: number): number[] {
  const { perDay, minuteOfDay, weekday, holiday } = slots;
  const terms: number[] = [1, 2, 3, 4, 5, 6, 7].map((day) => (weekday[s] === day ? 1 : 0));
  terms.push(holiday[s]!);
  if (perDay === 1) return terms;
  const rest = restOf(slots, s);
  const angle = (2 * Math.PI * minuteOfDay[s]!) / MINUTES_PER_DAY;
  for (const kind of [0, 1, 2]) {
    for (let k = 1; k <= HARMONICS; k++) {
      terms.push(kind === rest ? Math.sin(k * angle) : 0, kind === rest ? Math.cos(k * angle) : 0);
    }
  }
  return terms;
}

function weatherTerms({ perDay, temperatureC, minuteOfDay }: Slots, s: number): number[] {
  if (temperatureC === null) return [];
  const temperature = temperatureC[s]!;
  const heating = Math.max(0, HEATED_BELOW_C - temperature) || 0;
  const cooling = Math.max(0, temperature - COOLED_ABOVE_C) || 0;
  if (perDay === 1) return [heating, cooling];
  const angle = (2 * Math.PI * minuteOfDay[s]!) / MINUTES_PER_DAY;
  return [heating, cooling].flatMap((degrees) => [degrees, degrees * Math.sin(angle), degrees * Math.cos(angle)]);
}

function lagTerms(frame: CalendarFrame, s: number): number[] {
  const { slots, lag, week } = frame;
  const { perDay } = slots;
  const lagged = at(frame, s, lag);
  const isSameKind = s >= lag && restOf(slots, s - lag) === restOf(slots, s);
  return [
    lagged,
    isSameKind ? lagged : 0,
    meanOf(frame, s, lag, 7, perDay),
    meanBefore(frame, s, lag, perDay),
    meanOf(frame, s, week, WEEKS, 7 * perDay),
    at(frame, s, week),
  ];
}

/** The value at the same clock time a number of slots earlier. Before the start of the history, its first value. */
function at({ slots, filled }: CalendarFrame, slot: number, away: number): number {
  const last = filled.length - 1;
  return filled[Math.min(Math.max(sameClock(slots, slot, away), 0), last)]!;
}

function meanOf(frame: CalendarFrame, slot: number, away: number, count: number, step: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += at(frame, slot, away + k * step);
  return sum / count;
}

/** Mean of `count` slots, the last of which is `away` slots earlier. */
function meanBefore({ filled }: CalendarFrame, slot: number, away: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += filled[Math.max(slot - away - k, 0)]!;
  return sum / count;
}

function medianOf(frame: CalendarFrame, slot: number, away: number, count: number, step: number): number {
  const sorted = Float64Array.from({ length: count }, (_, k) => at(frame, slot, away + k * step)).sort();
  return sorted[count >> 1]!;
}
