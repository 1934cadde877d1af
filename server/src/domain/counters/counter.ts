import type { CounterBehaviour } from '@wattkeeper/contract/device.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Window } from '../time/window.ts';
import { knownUnit } from '../units.ts';

/** Properties of a counter. Rates are in the counter's unit per hour: kW for kWh. */
export interface Counter {
  readonly behaviour: CounterBehaviour;
  /** Rated power of the device, or null if not declared. */
  readonly ratedRate: number | null;
  /** Maximum rate of any plant. */
  readonly plausibleRate: number;
  /** Rate that is never doubted, however slowly the series grew before: the capacity of a grid connection. */
  readonly trustedRate: number;
  /** Time zone of the midnight at which a daily counter is reset. */
  readonly timeZone: string;
  /** Energy of events by user decision, by the instant of their first sample (epoch milliseconds). */
  readonly decided: ReadonlyMap<number, number>;
}

/** Maximum power of any plant, kW: the catalogue's limit of powers. */
const PLAUSIBLE_KW = 1e5;
/** Capacity of a house connection of 3 × 63 A, rounded up, kW. */
const CONNECTION_KW = 50;

/** Declared properties of a counter. */
export interface DeclaredCounter extends Pick<Counter, 'behaviour' | 'timeZone' | 'decided'> {
  /** Rated power of its device, kW. */
  readonly ratedPowerKw: number | null;
}

const NOTHING_DECIDED: ReadonlyMap<number, number> = new Map();

/** A counter in a unit. For a counter of other quantities than energy, only its own rates are known. */
export function counterOf(unit: string, declared: Partial<DeclaredCounter> = {}): Counter {
  const known = knownUnit(unit);
  const perKwh = known?.quantity === 'energy' ? 1 / known.factor : null;
  return {
    behaviour: declared.behaviour ?? 'increasing',
    ratedRate: perKwh === null || !declared.ratedPowerKw ? null : declared.ratedPowerKw * perKwh,
    plausibleRate: perKwh === null ? Number.POSITIVE_INFINITY : PLAUSIBLE_KW * perKwh,
    trustedRate: perKwh === null ? 0 : CONNECTION_KW * perKwh,
    timeZone: declared.timeZone ?? 'UTC',
    decided: declared.decided ?? NOTHING_DECIDED,
  };
}

/** Whole UTC days before and after a day whose samples determine the growth on that day. */
export const CONTEXT_DAYS = 2;
/** Samples before and after a day that are used as well, however far away, so that counters read once a day are covered. */
export const CONTEXT_SAMPLES = 3;
/** Whole UTC days to read on each side of a window: `CONTEXT_SAMPLES` of a counter that is read once a day. */
export const MARGIN_DAYS = 3;

/**
 * The span whose samples determine the growth of a counter in a window. Each UTC day is evaluated separately, from the samples of the
 * surrounding days, so the growth of a window equals the sum of its parts for any division. Growth across a gap longer than the margin is
 * known only if both ends are read.
 */
export function counterWindow({ start, end }: Window): Window {
  return {
    start: (Math.floor(start / UTC_DAY_MS) - MARGIN_DAYS) * UTC_DAY_MS,
    end: (Math.ceil(end / UTC_DAY_MS) + MARGIN_DAYS) * UTC_DAY_MS,
  };
}

/**
 * misread: samples off the counter's level, to which it returns · reset: it started again from zero · replacement: it continues from
 * another level · jump: it rose by more than the device can deliver · wrap: it passed the end of its register.
 */
export type CounterEventKind = 'misread' | 'reset' | 'replacement' | 'jump' | 'wrap';

/** A change of the counter's value other than growth. */
export interface CounterEvent {
  readonly kind: CounterEventKind;
  /** First sample concerned, epoch milliseconds. */
  readonly start: number;
  /** Last sample concerned. */
  readonly end: number;
  /** The counter's level before the event, and the doubtful value or the level after it. */
  readonly before: number;
  readonly after: number;
  /** Energy counted for the event. */
  readonly counted: number;
  /** Energy that would be added, or removed, by the opposite decision. */
  readonly inDoubt: number;
  /** Whether `counted` is a user's decision. */
  readonly decided?: boolean;
}
