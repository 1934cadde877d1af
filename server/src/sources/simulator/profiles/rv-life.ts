import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { Compressor } from '../equipment/household.ts';
import type { Memory } from '../memory.ts';
import { hash, Random, Wander } from '../random.ts';
import type { SiteClock } from '../site-clock.ts';
import { isActive, routineOf } from './day-routine.ts';

/** Tank electronics, alarms, USB sockets, W. */
const STANDBY_W = 9;
const LITRES = 100;
/** Days between arrivals at a new place. */
const STAY_DAYS = 3;

interface Use {
  readonly start: number;
  readonly end: number;
  readonly watts: number;
  readonly litres: number;
}

/** Two people in a camper: their power and water consumption, and whether their site has a hook-up. */
export class RvLife {
  readonly #seed: number;
  readonly #clock: SiteClock;
  readonly #values: Float64Array;
  readonly #fridge: Compressor;
  readonly #standby: Wander;
  readonly #water: number;
  /** The last day on which the tank level was checked, and whether the tank is filled on that day. */
  readonly #checkedOn: number;
  readonly #fills: number;
  #dayNumber = Number.NaN;
  #uses: Use[] = [];
  #routine = { wake: 0, leave: 0, back: 0, bed: 0, isWeekend: false, isHome: true };

  constructor(seed: number, clock: SiteClock, memory: Memory) {
    const random = new Random(hash(seed, 'rv'), memory);
    this.#seed = seed;
    this.#clock = clock;
    this.#values = memory.values;
    this.#fridge = new Compressor(memory, random, { watts: 46, onMinutes: 11, offMinutes: 21 });
    this.#standby = new Wander(memory, random, 1.2, 600);
    this.#water = memory.take(LITRES * random.between(0.5, 0.95));
    this.#checkedOn = memory.take(Number.NaN);
    this.#fills = memory.take(0);
  }

  get waterPercent(): number {
    return (100 * this.#values[this.#water]!) / LITRES;
  }

  /** Whether the shore cable is plugged in; the site changes at noon every third day. */
  get isOnShore(): boolean {
    return this.#isHookedUp(Math.floor((this.#clock.day.number + this.#clock.minute / 1440 - 0.5) / STAY_DAYS));
  }

  /** Mean power of the loads over the step, W; consumes water. */
  step(instant: number, stepS: number, indoorC: number, daylightWM2: number): number {
    const { day, minute } = this.#clock;
    if (day.number !== this.#dayNumber) this.#turnDay();
    const end = instant + stepS * 1000;
    let watts = STANDBY_W + this.#standby.step(stepS);
    watts += this.#fridge.step(stepS, Math.max(0.5, 1 + 0.05 * (indoorC - 20)));
    if (isActive(this.#routine, minute)) watts += 16 * Math.max(0, 1 - daylightWM2 / 60);
    if (indoorC > 26 && minute > 600) watts += 22;
    let litres = 0;
    for (const use of this.#uses) {
      const share = (Math.min(use.end, end) - Math.max(use.start, instant)) / (use.end - use.start);
      if (share <= 0) continue;
      watts += (use.watts * share * (use.end - use.start)) / (end - instant);
      litres += use.litres * share;
    }
    this.#values[this.#water] = Math.min(LITRES, Math.max(0, this.#values[this.#water]! - litres));
    return Math.max(3, watts);
  }

  #isHookedUp(place: number): boolean {
    return new Random(hash(this.#seed, 'place', place)).chance(0.3);
  }

  #turnDay(): void {
    const { day } = this.#clock;
    this.#dayNumber = day.number;
    this.#routine = { ...routineOf(this.#seed, day), isHome: true, isWeekend: false };
    const random = new Random(hash(this.#seed, 'rv-uses', day.number));
    this.#uses = [];
    const { wake, bed } = this.#routine;
    this.#use(wake + 20, 4, 950, 0.6);
    this.#use(wake + 35, 6, 45, random.between(4, 8));
    if (random.chance(0.5)) this.#use(random.between(540, 900), 3.5, 950, 0.5);
    if (random.chance(0.6)) this.#use(random.between(560, 800), random.between(60, 200), 62, 0);
    this.#use(random.between(720, 800), 5, 45, random.between(1, 3));
    this.#use(random.between(1140, 1200), 7, 45, random.between(3, 7));
    if (random.chance(0.7)) this.#use(random.between(1080, 1320), 9, 45, random.between(12, 22));
    this.#use(1180, Math.max(30, bed - 1190 - random.between(0, 60)), random.between(38, 70), 0);
    if (this.#isFilled(day.number)) this.#use(705, 12, 0, -LITRES);
  }

  /** The tank is filled when the site changes, and when it would not last the day: checked once, at the start of the day. */
  #isFilled(dayNumber: number): boolean {
    const values = this.#values;
    if (values[this.#checkedOn] !== dayNumber) {
      values[this.#checkedOn] = dayNumber;
      values[this.#fills] = dayNumber % STAY_DAYS === 0 || this.waterPercent < 25 ? 1 : 0;
    }
    return values[this.#fills] === 1;
  }

  #use(minute: number, minutes: number, watts: number, litres: number): void {
    const start = this.#clock.instantAt(this.#clock.day, minute);
    this.#uses.push({ start, end: start + minutes * MINUTE_MS, watts, litres });
  }
}
