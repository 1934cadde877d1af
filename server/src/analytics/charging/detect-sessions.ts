import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { lowerBound, type Series } from '../../domain/columns/frame.ts';
import type { Steps } from '../energy/steps.ts';

/** Thresholds that define a charging session. */
export interface SessionRules {
  /** A session starts when the power reaches this, kW. */
  readonly startKw: number;
  /** A session continues while the power is at least this, kW. */
  readonly stopKw: number;
  /** Breaks up to this length, without power or without readings, do not end a session. */
  readonly maxBreakMs: number;
  readonly minKwh: number;
  readonly minMs: number;
}

/** Home battery: above the standby power of an inverter, below the slowest planned charge. */
export const BATTERY_RULES: SessionRules = {
  startKw: 0.2,
  stopKw: 0.1,
  maxBreakMs: 10 * MINUTE_MS,
  minKwh: 0.1,
  minMs: 5 * MINUTE_MS,
};

/** Vehicle: IEC 61851 charging starts at 6 A, 1.4 kW on one phase, and a charger may pause for clouds. */
export const VEHICLE_RULES: SessionRules = {
  startKw: 0.5,
  stopKw: 0.2,
  maxBreakMs: 20 * MINUTE_MS,
  minKwh: 0.2,
  minMs: 5 * MINUTE_MS,
};

export interface DetectedSession {
  readonly direction: 'charge' | 'discharge';
  /** Epoch milliseconds. */
  readonly startAt: number;
  /** End of the last stretch with power, also while `isRunning`. */
  readonly endAt: number;
  /** Whether it may continue: the break before `asOf` is not longer than allowed. */
  readonly isRunning: boolean;
  readonly energyKwh: number;
  readonly startSocPercent: number | null;
  readonly endSocPercent: number | null;
}

/**
 * Detects charging and discharging sessions of a battery or vehicle, oldest first. The same power gives the same sessions, regardless of
 * earlier detections. A session that is already running at the start of the power starts there, so start in a break.
 *
 * @param power kW, + charge, − discharge
 * @param soc state of charge in percent, or null
 * @param asOf now: no data after it
 */
export function detectSessions(power: Steps, soc: Series | null, rules: SessionRules, asOf: number): DetectedSession[] {
  const sessions: OpenSession[] = [];
  let open: OpenSession | null = null;
  for (let i = 0; i < power.starts.length; i++) {
    const start = power.starts[i]!;
    const end = power.ends[i]!;
    const kw = power.values[i]!;
    if (open !== null && start - open.endAt > rules.maxBreakMs) open = null;
    const direction = kw > 0 ? 'charge' : 'discharge';
    const strength = Math.abs(kw);
    const kwh = (strength * (end - start)) / HOUR_MS;
    if (open !== null && direction === open.direction && strength >= rules.stopKw) {
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
    .filter(({ startAt, endAt, energyKwh }) => endAt - startAt >= rules.minMs && energyKwh >= rules.minKwh)
    .map(({ direction, startAt, endAt, energyKwh }) => ({
      direction,
      startAt,
      endAt,
      isRunning: sessions.at(-1)?.startAt === startAt && asOf - endAt <= rules.maxBreakMs,
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
  /** Energy of a break that may turn out to be within the session. */
  pendingKwh: number;
}

/** A state of charge farther than this from the edge of a session is ignored. */
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
