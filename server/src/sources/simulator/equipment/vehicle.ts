import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { DayAhead } from '../day-ahead.ts';
import type { Memory } from '../memory.ts';
import { routineOf } from '../profiles/day-routine.ts';
import { hash, Random, Wander } from '../random.ts';
import type { SiteClock } from '../site-clock.ts';

const CAPACITY_KWH = 58;
const CHARGER_W = 11_000;
const CHARGE_EFFICIENCY = 0.9;
const KWH_PER_KM = 0.165;
const SPEED_KM_H = 52;
const TARGET = 0.8;
/** Below this state of charge the car is plugged in. */
const PLUG_IN_BELOW = 0.62;
/** Below this state of charge it charges immediately instead of waiting for cheap hours. */
const HURRY_BELOW = 0.3;

interface Trip {
  readonly away: boolean;
  readonly departAt: number;
  readonly returnAt: number;
  readonly km: number;
}

/** An electric car that commutes and makes leisure trips, and charges in the cheapest hours of the night. */
export class Vehicle {
  readonly #seed: number;
  readonly #clock: SiteClock;
  readonly #prices: DayAhead;
  readonly #values: Float64Array;
  readonly #energyKwh: number;
  readonly #chargedWh: number;
  /** 0 none, 1 waits for cheap hours, 2 charges immediately. */
  readonly #wish: number;
  readonly #ripple: Wander;
  #dayNumber = Number.NaN;
  #trip: Trip = { away: false, departAt: 0, returnAt: 0, km: 0 };
  #cheap = new Set<number>();

  constructor(seed: number, clock: SiteClock, prices: DayAhead, memory: Memory) {
    const random = new Random(hash(seed, 'vehicle'), memory);
    this.#seed = seed;
    this.#clock = clock;
    this.#prices = prices;
    this.#values = memory.values;
    this.#energyKwh = memory.take(CAPACITY_KWH * random.between(0.5, 0.75));
    this.#chargedWh = memory.take(1000 * random.between(3000, 6000));
    this.#wish = memory.take(0);
    this.#ripple = new Wander(memory, random, 18, 40);
  }

  get socPercent(): number {
    return (100 * this.#values[this.#energyKwh]!) / CAPACITY_KWH;
  }

  get chargedKwh(): number {
    return this.#values[this.#chargedWh]! / 1000;
  }

  /** The counter integrates the reported power. */
  count(watts: number, stepMs: number): void {
    this.#values[this.#chargedWh] = this.#values[this.#chargedWh]! + (watts * stepMs) / HOUR_MS;
  }

  /** Mean charging power over the step on the AC side, whole W. */
  step(instant: number, stepS: number, outdoorC: number): number {
    const values = this.#values;
    if (this.#clock.day.number !== this.#dayNumber) this.#turnDay();
    const ripple = this.#ripple.step(stepS);
    const trip = this.#trip;
    if (trip.away && instant >= trip.departAt && instant < trip.returnAt) {
      this.#drive(instant, stepS, outdoorC);
      return 0;
    }
    const level = values[this.#energyKwh]! / CAPACITY_KWH;
    if (values[this.#wish] === 0 && level < PLUG_IN_BELOW) values[this.#wish] = level < HURRY_BELOW ? 2 : 1;
    if (level >= TARGET) values[this.#wish] = 0;
    if (values[this.#wish] === 0 || (values[this.#wish] === 1 && !this.#isCheap(instant))) return 0;
    const watts = Math.max(0, Math.round(CHARGER_W * 0.982 + ripple));
    const filled = values[this.#energyKwh]! + (watts * CHARGE_EFFICIENCY * stepS) / 3.6e6;
    values[this.#energyKwh] = Math.min(CAPACITY_KWH, filled);
    return watts;
  }

  #isCheap(instant: number): boolean {
    return this.#cheap.has(this.#prices.slotAt(instant));
  }

  /** Spreads the trip's energy evenly over the driving time, outbound and return. */
  #drive(instant: number, stepS: number, outdoorC: number): void {
    const { departAt, returnAt, km } = this.#trip;
    const legMs = Math.min((km / 2 / SPEED_KM_H) * HOUR_MS, (returnAt - departAt) / 2);
    if (instant >= departAt + legMs && instant < returnAt - legMs) return;
    const kwhPerKm = KWH_PER_KM * (1 + 0.013 * Math.max(0, 17 - outdoorC));
    const usedKwh = km * kwhPerKm * Math.min(1, (stepS * 1000) / (2 * legMs));
    const left = this.#values[this.#energyKwh]! - usedKwh;
    // A car that returns with less than 10 % has charged on the road.
    this.#values[this.#energyKwh] = left < 0.1 * CAPACITY_KWH ? left + 0.35 * CAPACITY_KWH : left;
  }

  #turnDay(): void {
    const { day } = this.#clock;
    this.#dayNumber = day.number;
    const routine = routineOf(this.#seed, day);
    const random = new Random(hash(this.#seed, 'trip', day.number));
    const away = routine.isWeekend ? random.chance(0.7) : !routine.isHome || random.chance(0.3);
    const isErrand = routine.isHome && !routine.isWeekend;
    const depart = isErrand ? random.between(960, 1080) : routine.leave + random.between(1, 8);
    const back = isErrand ? depart + random.between(35, 80) : routine.back - random.between(2, 10);
    const km = isErrand ? random.between(6, 22) : routine.isWeekend ? random.between(14, 95) : random.normal(56, 5);
    this.#trip = {
      away,
      departAt: this.#clock.instantAt(day, depart),
      returnAt: this.#clock.instantAt(day, back),
      km,
    };
    const evening = this.#prices.cheapest(this.#clock.instantAt(day, 1320), day.end + 6 * HOUR_MS, 3);
    const morning = this.#prices.cheapest(day.start - 2 * HOUR_MS, this.#clock.instantAt(day, 360), 3);
    this.#cheap = new Set([...evening, ...morning]);
  }
}
