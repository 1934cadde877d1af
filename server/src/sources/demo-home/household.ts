import type { Random } from './random.ts';

/** An appliance that somebody switches on: it draws `kw` for a while. */
interface Appliance {
  readonly kw: number;
  readonly minutes: readonly [from: number, to: number];
  /** Expected starts on a working day and at the weekend. */
  readonly perDay: readonly [workday: number, weekend: number];
  /** Relative use by hour of the local day, 0 to 23. */
  readonly byHour: readonly number[];
}

const MEALS = hours({ 7: 3, 8: 2, 12: 2, 13: 2, 18: 4, 19: 4, 20: 2 });
const APPLIANCES: readonly Appliance[] = [
  { kw: 2.1, minutes: [2, 4], perDay: [5, 7], byHour: hours({ 6: 3, 7: 4, 10: 2, 15: 2, 17: 2, 20: 3 }) },
  { kw: 2.4, minutes: [20, 55], perDay: [0.9, 1.4], byHour: MEALS },
  { kw: 1.6, minutes: [10, 35], perDay: [1.6, 2.2], byHour: MEALS },
  { kw: 0.75, minutes: [70, 130], perDay: [0.5, 0.8], byHour: hours({ 8: 2, 10: 3, 16: 2, 18: 2 }) },
  { kw: 1.0, minutes: [80, 150], perDay: [0.7, 0.9], byHour: hours({ 13: 1, 20: 3, 21: 4, 22: 2 }) },
  { kw: 0.18, minutes: [60, 220], perDay: [2.2, 3.2], byHour: hours({ 9: 1, 17: 2, 18: 3, 19: 4, 20: 4, 21: 3 }) },
  { kw: 0.9, minutes: [8, 25], perDay: [0.5, 1.1], byHour: hours({ 9: 1, 10: 2, 11: 2, 17: 2 }) },
];
/** Refrigerator and freezer: power and duty cycle. */
const FRIDGE_KW = 0.095;
const STANDBY_KW = 0.13;

export interface HouseholdState {
  /** Milliseconds for which each appliance still runs. */
  readonly remainingMs: number[];
  fridgePhaseMs: number;
}

export function firstHousehold(): HouseholdState {
  return { remainingMs: APPLIANCES.map(() => 0), fridgePhaseMs: 0 };
}

/**
 * Mean power of the household over a step, kW. People start appliances by the clock of the place; light burns when it is dark and
 * somebody is awake; a heat pump follows the cold.
 * @param hour local clock hour with its fraction
 */
export function stepHousehold(
  state: HouseholdState,
  stepMs: number,
  at: { hour: number; weekend: boolean; temperature: number; dark: boolean },
  random: Random,
): number {
  let kw = STANDBY_KW;
  for (let i = 0; i < APPLIANCES.length; i++) {
    const { kw: power, minutes, perDay, byHour } = APPLIANCES[i] as Appliance;
    const expected = (perDay[at.weekend ? 1 : 0] * (byHour[Math.floor(at.hour)] as number) * stepMs) / 3_600_000;
    if (state.remainingMs[i] === 0 && random.next() < expected) {
      state.remainingMs[i] = random.between(minutes[0], minutes[1]) * 60_000;
    }
    const remaining = state.remainingMs[i] as number;
    const runs = Math.min(remaining, stepMs);
    kw += (power * runs) / stepMs;
    state.remainingMs[i] = remaining - runs;
  }
  const cycleMs = 45 * 60_000;
  state.fridgePhaseMs = (state.fridgePhaseMs + stepMs) % cycleMs;
  if (state.fridgePhaseMs < 0.38 * cycleMs) kw += FRIDGE_KW;
  const awake = at.hour >= 6.2 && at.hour < 23.2;
  if (at.dark && awake) kw += 0.16 + 0.03 * random.normal();
  const heatKw = Math.max(14 - at.temperature, 0) * 0.16;
  const efficiency = 2.4 + 0.07 * Math.max(at.temperature + 7, 0);
  kw += (heatKw / efficiency) * (awake ? 1 : 0.75);
  return Math.max(kw + 0.004 * random.normal(), 0.05);
}

/** Use by hour from a few hours that stand out, scaled so that a day sums to one. */
function hours(given: Readonly<Record<number, number>>): number[] {
  const raw = Array.from({ length: 24 }, (_, hour) => given[hour] ?? (hour >= 6 && hour < 23 ? 0.3 : 0.02));
  const sum = raw.reduce((total, use) => total + use, 0);
  return raw.map((use) => use / sum);
}
