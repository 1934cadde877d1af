import type { CounterBehaviour } from '@wattkeeper/contract/device.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Window } from '../time/window.ts';
import { knownUnit } from '../units.ts';

/** What is known of a counter. Rates are in the counter's unit an hour: kW for kWh. */
export interface Counter {
  readonly behaviour: CounterBehaviour;
  /** What the device is rated for, or null where nobody said. */
  readonly ratedRate: number | null;
  /** What no plant exceeds. */
  readonly plausibleRate: number;
  /** What is not doubted, however little the series grew before: a connection's capacity. */
  readonly trustedRate: number;
  /** Zone of the midnight at which a daily counter is reset. */
  readonly timeZone: string;
  /** What events count for by decision, by the instant of their first sample (epoch milliseconds). */
  readonly decided: ReadonlyMap<number, number>;
}

/** Power that no plant exceeds, kW: as the catalogue bounds power. */
const PLAUSIBLE_KW = 1e5;
/** What a house connection of 3 × 63 A carries, rounded up, kW. */
const CONNECTION_KW = 50;

/** What can be declared of a counter. */
export interface DeclaredCounter extends Pick<Counter, 'behaviour' | 'timeZone' | 'decided'> {
  /** What its device is rated for, kW. */
  readonly ratedPowerKw: number | null;
}

const NOTHING_DECIDED: ReadonlyMap<number, number> = new Map();

/** A counter in a unit. Of one that does not count energy nothing is known but its own rates. */
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

/** Whole UTC days before and after a day whose samples decide what a counter grew by on that day. */
export const CONTEXT_DAYS = 2;
/** Samples before and after a day that decide too, however far away, so that counters read once a day are decided as well. */
export const CONTEXT_SAMPLES = 3;
/** Whole UTC days that have to be read on either side of a window: `CONTEXT_SAMPLES` of a counter that is read once a day. */
export const MARGIN_DAYS = 3;

/**
 * The span whose samples decide what a counter grew by in a window. Each UTC day is decided alone, from the samples of the days around it, so the
 * growth of a window is the sum of the growth of its parts, however it is cut. A gap longer than the margin is known where both its ends are read.
 */
export function counterWindow({ start, end }: Window): Window {
  return {
    start: (Math.floor(start / UTC_DAY_MS) - MARGIN_DAYS) * UTC_DAY_MS,
    end: (Math.ceil(end / UTC_DAY_MS) + MARGIN_DAYS) * UTC_DAY_MS,
  };
}

/**
 * misread: samples off the counter's level, which it returns to · reset: it started again from zero · replacement: it continues from another
 * level · jump: it rose by more than the device can do · wrap: it passed the end of its register.
 */
export type CounterEventKind = 'misread' | 'reset' | 'replacement' | 'jump' | 'wrap';

/** Something other than growth. */
export interface CounterEvent {
  readonly kind: CounterEventKind;
  /** First sample concerned, epoch milliseconds. */
  readonly start: number;
  /** Last sample concerned. */
  readonly end: number;
  /** The counter's level before, and the doubtful value or the level after. */
  readonly before: number;
  readonly after: number;
  /** What the event counts for. */
  readonly counted: number;
  /** What it would count for, or not, if it were judged otherwise. */
  readonly inDoubt: number;
  /** `counted` is what somebody decided. */
  readonly decided?: boolean;
}
