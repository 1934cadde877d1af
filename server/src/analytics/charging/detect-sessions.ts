import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { lowerBound, type Series } from '../../domain/columns/frame.ts';
import type { Steps } from '../energy/steps.ts';

/** What counts as a charging session. */
export interface SessionRules {
  /** A session begins when the power reaches this, kW, and … */
  readonly startKw: number;
  /** … goes on while it does not fall below this. */
  readonly keepKw: number;
  /** Breaks up to this long, without power or without readings, do not end a session. */
  readonly longestBreakMs: number;
  readonly leastKwh: number;
  readonly leastMs: number;
}

/** A home battery: above the standby of an inverter, below the slowest charge that anybody plans. */
export const BATTERY_RULES: SessionRules = {
  startKw: 0.2,
  keepKw: 0.1,
  longestBreakMs: 10 * MINUTE_MS,
  leastKwh: 0.1,
  leastMs: 5 * MINUTE_MS,
};

/** A vehicle: IEC 61851 charges with at least 6 A, 1.4 kW on one phase, and a charger may pause for clouds. */
export const VEHICLE_RULES: SessionRules = {
  startKw: 0.5,
  keepKw: 0.2,
  longestBreakMs: 20 * MINUTE_MS,
  leastKwh: 0.2,
  leastMs: 5 * MINUTE_MS,
};

export interface DetectedSession {
  readonly direction: 'charge' | 'discharge';
  /** Epoch milliseconds. */
  readonly startAt: number;
  /** End of the last stretch with power, also while `isRunning`. */
  readonly endAt: number;
  /** Whether it may still go on: at `asOf` no longer break has passed. */
  readonly isRunning: boolean;
  readonly energyKwh: number;
  readonly startSocPercent: number | null;
  readonly endSocPercent: number | null;
}

/**
 * Sessions in which a battery or vehicle was charged or discharged, oldest first. The same power gives the same sessions, whatever
 * was detected before; a session that is cut by the beginning of the power starts there, so begin in a break.
 *
 * @param power kW, + charge, − discharge
 * @param soc state of charge in percent, or null
 * @param asOf now: nothing is known after it
 */
export function detectSessions(power: Steps, soc: Series | null, rules: SessionRules, asOf: number): DetectedSession[] {
  const sessions: OpenSession[] = [];
  let open: OpenSession | null = null;
  for (let i = 0; i < power.starts.length; i++) {
    const start = power.starts[i]!;
    const end = power.ends[i]!;
    const kw = power.values[i]!;
    if (open !== null && start - open.endAt > rules.longestBreakMs) open = null;
    const direction = kw > 0 ? 'charge' : 'discharge';
    const strength = Math.abs(kw);
    const kwh = (strength * (end - start)) / HOUR_MS;
    if (open !== null && direction === open.direction && strength >= rules.keepKw) {
      open.energyKwh += open.pendingKwh + kwh;
      open.pendingKwh = 0;
      open.endAt = end;
    } else if (strength >= rules.startKw) {
      open = { direction, startAt: start, endAt: end, energyKwh: kwh, pendingKwh: 0 };
      sessions.push(open);
    } else if (open !== null && direction === open.direction) {
      open.pendingKwh += kwh;
    }
  }
  return sessions
    .filter(({ startAt, endAt, energyKwh }) => endAt - startAt >= rules.leastMs && energyKwh >= rules.leastKwh)
    .map(({ direction, startAt, endAt, energyKwh }) => ({
      direction,
      startAt,
      endAt,
      isRunning: sessions.at(-1)?.startAt === startAt && asOf - endAt <= rules.longestBreakMs,
      energyKwh,
      startSocPercent: socAt(soc, startAt),
      endSocPercent: socAt(soc, endAt),
    }));
}

interface OpenSession {
  readonly direction: 'charge' | 'discharge';
  readonly startAt: number;
  endAt: number;
  energyKwh: number;
  /** Energy of a break that may yet turn out to be one within the session. */
  pendingKwh: number;
}

/** A state of charge this old says nothing about the edge of a session. */
const SOC_STALE_MS = 30 * MINUTE_MS;

/** The state of charge nearest to an instant, before or after it. */
function socAt(soc: Series | null, instant: number): number | null {
  if (soc === null) return null;
  const after = lowerBound(soc.timestamps, instant);
  let nearest: number | null = null;
  let distance = SOC_STALE_MS;
  for (const i of [after - 1, after]) {
    const away = Math.abs((soc.timestamps[i] ?? Number.POSITIVE_INFINITY) - instant);
    if (away > distance) continue;
    distance = away;
    nearest = soc.values[i]!;
  }
  return nearest;
}
