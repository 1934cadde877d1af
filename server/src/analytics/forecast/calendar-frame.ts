import { fillGaps, type History, type Slots, sameClock } from './slots.ts';
import type { Matrix } from './weighted-fit.ts';

/** A history laid out for models of the calendar: rows are its later slots, then those to foretell. */
export interface CalendarFrame {
  readonly slots: Slots;
  /** kW of the known slots without gaps. */
  readonly filled: Float64Array;
  readonly steps: number;
  /** Slots back to the newest day that is known for every step. */
  readonly lag: number;
  /** Slots back to the newest such day of the same weekday. */
  readonly week: number;
  /** Slot of the first row, and how many rows are known. */
  readonly first: number;
  readonly known: number;
  /** Of the known rows: newer ones count more, missing ones nothing. */
  readonly weights: Float64Array;
}

export interface CalendarOptions {
  /** Slots that will be asked for at most: what is newer than that cannot serve as a lag. */
  readonly steps: number;
  /** Days after which a row counts half. */
  readonly halfLifeDays: number;
}

const HARMONICS = 6;
const WEEKS = 3;
/** °C below which places are heated and above which they are cooled; the slopes find out how much. */
export const HEATED_BELOW_C = 15;
export const COOLED_ABOVE_C = 20;

/** Lays out a history of at least two weeks. */
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

/** Rows for a regression: intercept, kind of day, clock, temperature, and what was at the same time before. */
export function regressionRows(frame: CalendarFrame): Matrix {
  const { slots, first, known, steps } = frame;
  const rows = known + steps;
  const row = (s: number) => [1, ...clockTerms(slots, s), ...weatherTerms(slots, s), ...lagTerms(frame, s)];
  const columns = row(first).length;
  const values = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) values.set(row(first + r), r * columns);
  return { rows, columns, values };
}

/** Columns for trees, and which of them is the median of the same time on the seven newest days. */
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

/** 0 a working day, 1 a Saturday, 2 a Sunday or holiday. */
function restOf({ weekday, holiday }: Slots, s: number): 0 | 1 | 2 {
  return holiday[s] === 1 || weekday[s] === 7 ? 2 : weekday[s] === 6 ? 1 : 0;
}

function clockTerms(slots: Slots, s: number): number[] {
  const { perDay, minuteOfDay, weekday, holiday } = slots;
  const terms: number[] = [1, 2, 3, 4, 5, 6, 7].map((day) => (weekday[s] === day ? 1 : 0));
  terms.push(holiday[s]!);
  if (perDay === 1) return terms;
  const rest = restOf(slots, s);
  const angle = (2 * Math.PI * minuteOfDay[s]!) / 1440;
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
  const angle = (2 * Math.PI * minuteOfDay[s]!) / 1440;
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

/** What was at the same clock time so many slots before. Before the history began all was as in its first slot. */
function at({ slots, filled }: CalendarFrame, slot: number, away: number): number {
  const last = filled.length - 1;
  return filled[Math.min(Math.max(sameClock(slots, slot, away), 0), last)]!;
}

function meanOf(frame: CalendarFrame, slot: number, away: number, count: number, step: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += at(frame, slot, away + k * step);
  return sum / count;
}

/** Mean of the slots that end `away` before. */
function meanBefore({ filled }: CalendarFrame, slot: number, away: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += filled[Math.max(slot - away - k, 0)]!;
  return sum / count;
}

function medianOf(frame: CalendarFrame, slot: number, away: number, count: number, step: number): number {
  const sorted = Float64Array.from({ length: count }, (_, k) => at(frame, slot, away + k * step)).sort();
  return sorted[count >> 1]!;
}
