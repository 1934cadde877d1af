import type { Memory } from '../memory.ts';
import { type DayRoutine, isActive, routineOf } from '../profiles/day-routine.ts';
import { hash, Random, Wander } from '../random.ts';
import type { SiteClock } from '../site-clock.ts';
import { AppliancePlanner, type Uses } from './appliances.ts';

/** Router, meters, chargers, ventilation and devices on standby, W. */
const STANDBY_W = 130;
const LIGHTING_W = 190;

/** Consumption of a house without its car and without space heating: about 8–12 kWh a day. */
export class Household {
  readonly #seed: number;
  readonly #clock: SiteClock;
  readonly #hasHeatPump: boolean;
  readonly #planner: AppliancePlanner;
  readonly #fridge: Compressor;
  readonly #freezer: Compressor;
  readonly #standby: Wander;
  readonly #lights: Wander;
  #dayNumber = Number.NaN;
  #routine: DayRoutine | undefined;
  #uses: Uses = { starts: [], ends: [], watts: [] };

  constructor(seed: number, clock: SiteClock, memory: Memory, hasHeatPump: boolean) {
    this.#seed = seed;
    this.#clock = clock;
    this.#hasHeatPump = hasHeatPump;
    this.#planner = new AppliancePlanner(clock);
    const random = new Random(hash(seed, 'household'), memory);
    this.#fridge = new Compressor(memory, random, { watts: 82, onMinutes: 16, offMinutes: 29 });
    this.#freezer = new Compressor(memory, random, { watts: 74, onMinutes: 21, offMinutes: 34 });
    this.#standby = new Wander(memory, random, 7, 900);
    this.#lights = new Wander(memory, random, 0.22, 1200);
  }

  /** Mean power over the `stepS` seconds from `instant`, W; the clock must be set to `instant`. */
  step(instant: number, stepS: number, daylightWM2: number): number {
    const { day, minute } = this.#clock;
    if (day.number !== this.#dayNumber) this.#turnDay();
    const cold = this.#fridge.step(stepS) + this.#freezer.step(stepS);
    const standby = Math.max(90, STANDBY_W + this.#standby.step(stepS));
    const lights = this.#lights.step(stepS);
    const dark = Math.max(0, 1 - daylightWM2 / 90);
    const lit = this.#routine !== undefined && isActive(this.#routine, minute) ? LIGHTING_W * dark : 4;
    return cold + standby + Math.max(0, lit * (0.8 + lights)) + usedW(this.#uses, instant, instant + stepS * 1000);
  }

  /** Today's runs and yesterday's runs that have not ended. */
  #turnDay(): void {
    const { day } = this.#clock;
    const yesterday = this.#planOf(day.number - 1);
    const today = this.#planOf(day.number);
    yesterday.starts.forEach((start, i) => {
      const end = yesterday.ends[i]!;
      if (end <= day.start) return;
      today.starts.push(start);
      today.ends.push(end);
      today.watts.push(yesterday.watts[i]!);
    });
    this.#uses = today;
    this.#dayNumber = day.number;
    this.#routine = routineOf(this.#seed, day);
  }

  #planOf(dayNumber: number): Uses {
    const day = this.#clock.dayAt(dayNumber);
    const random = new Random(hash(this.#seed, 'appliances', dayNumber));
    return this.#planner.plan(day, routineOf(this.#seed, day), random, this.#hasHeatPump);
  }
}

/** Mean power of the runs between two instants, W. */
function usedW({ starts, ends, watts }: Uses, from: number, to: number): number {
  let wattMs = 0;
  for (let i = 0; i < starts.length; i++) {
    const overlap = Math.min(ends[i]!, to) - Math.max(starts[i]!, from);
    if (overlap > 0) wattMs += overlap * watts[i]!;
  }
  return wattMs / (to - from);
}

/** A refrigerator's compressor, whose on and off times vary slightly. */
export class Compressor {
  readonly #values: Float64Array;
  readonly #random: Random;
  readonly #options: { readonly watts: number; readonly onMinutes: number; readonly offMinutes: number };
  readonly #runs: number;
  readonly #leftS: number;

  constructor(
    memory: Memory,
    random: Random,
    options: { readonly watts: number; readonly onMinutes: number; readonly offMinutes: number },
  ) {
    this.#values = memory.values;
    this.#random = random;
    this.#options = options;
    this.#runs = memory.take(random.chance(0.4) ? 1 : 0);
    this.#leftS = memory.take(random.between(60, 900));
  }

  /** Mean power over the step, W. A higher `demand` shortens the off times. */
  step(stepS: number, demand = 1): number {
    const values = this.#values;
    let onS = 0;
    let remainingS = stepS;
    while (remainingS > 0) {
      const partS = Math.min(remainingS, values[this.#leftS]!);
      if (values[this.#runs] === 1) onS += partS;
      values[this.#leftS] = values[this.#leftS]! - partS;
      remainingS -= partS;
      if (values[this.#leftS]! <= 0) {
        values[this.#runs] = 1 - values[this.#runs]!;
        const minutes = values[this.#runs] === 1 ? this.#options.onMinutes : this.#options.offMinutes / demand;
        values[this.#leftS] = 60 * minutes * this.#random.between(0.88, 1.12);
      }
    }
    return (onS / stepS) * this.#options.watts;
  }
}
