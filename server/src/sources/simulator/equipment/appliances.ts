import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { DayRoutine } from '../profiles/day-routine.ts';
import type { Random } from '../random.ts';
import type { CalendarDay, SiteClock } from '../site-clock.ts';

/** Runs of appliances as intervals of constant power; overlapping intervals add up. */
export interface Uses {
  /** Epoch milliseconds. */
  readonly starts: number[];
  readonly ends: number[];
  readonly watts: number[];
}

/** Part of an appliance's programme: minutes, then watts; a `duty` below 1 is switched by a thermostat every 1.5 minutes. */
type Piece = readonly [minutes: number, watts: number, duty?: number];

const THERMOSTAT_MINUTES = 1.5;
const WASHING: readonly Piece[] = [
  [4, 90],
  [17, 2050],
  [48, 190],
  [6, 420],
  [14, 150],
  [9, 480],
];
const DISHWASHER: readonly Piece[] = [
  [6, 70],
  [19, 1950],
  [38, 80],
  [13, 1900],
  [22, 15],
];
const DRYER: readonly Piece[] = [
  [8, 480],
  [70, 720],
  [10, 180],
];
const HOT_WATER: readonly Piece[] = [[42, 1650]];

/** Plans one day of a household's appliances by the wall clock, so that habits follow daylight saving time. */
export class AppliancePlanner {
  readonly #clock: SiteClock;
  #day: CalendarDay;
  #uses: Uses = { starts: [], ends: [], watts: [] };

  constructor(clock: SiteClock) {
    this.#clock = clock;
    this.#day = clock.day;
  }

  plan(day: CalendarDay, routine: DayRoutine, random: Random, hasHeatPump: boolean): Uses {
    this.#day = day;
    this.#uses = { starts: [], ends: [], watts: [] };
    this.#breakfast(routine, random);
    if (routine.isHome) this.#dayAtHome(routine, random);
    this.#dinner(routine, random);
    this.#evening(routine, random);
    this.#laundry(routine, random);
    if (hasHeatPump) {
      this.#run(random.normal(775, 6), HOT_WATER);
      if (random.chance(0.4)) this.#run(random.normal(305, 5), [[18, 1600]]);
    }
    return this.#uses;
  }

  #breakfast({ wake, isWeekend }: DayRoutine, random: Random): void {
    this.#run(wake + random.between(6, 14), [[2.6, 2050]]);
    this.#run(wake + random.between(16, 28), [
      [1.5, 1350],
      [7, 1350, 0.35],
    ]);
    if (random.chance(0.6)) this.#run(wake + random.between(12, 26), [[3.2, 880]]);
    if (random.chance(0.45)) this.#run(wake + random.between(18, 30), [[random.between(3, 7), 1550]]);
    if (isWeekend && random.chance(0.5)) this.#run(wake + random.between(35, 60), [[14, 1800, 0.5]]);
  }

  #dayAtHome({ wake, isWeekend }: DayRoutine, random: Random): void {
    if (!isWeekend) this.#run(wake + random.between(70, 110), [[random.between(440, 520), 85]]);
    for (let i = random.whole(1, 3); i > 0; i--) this.#run(random.between(560, 1000), [[2.4, 2050]]);
    if (random.chance(0.6)) this.#run(random.normal(745, 20), [[random.between(12, 22), 1700, 0.6]]);
    else this.#run(random.normal(745, 20), [[4, 1250]]);
    if (isWeekend && random.chance(0.5)) this.#run(random.between(600, 900), [[random.between(15, 35), 760]]);
  }

  #dinner({ back, isWeekend }: DayRoutine, random: Random): void {
    const start = Math.max(isWeekend ? 1060 : back + random.between(20, 60), 1030 + random.between(0, 45));
    if (random.chance(0.82)) {
      this.#run(start, [
        [6, 1900],
        [random.between(14, 30), 1500, 0.55],
      ]);
      if (random.chance(0.5))
        this.#run(start + random.between(3, 10), [
          [4, 1200],
          [random.between(8, 18), 900, 0.5],
        ]);
      this.#run(start + 2, [[random.between(18, 32), 110]]);
    } else this.#run(start, [[random.between(5, 9), 1250]]);
    if (random.chance(isWeekend ? 0.55 : 0.33)) {
      this.#run(start - random.between(5, 15), [
        [9, 2350],
        [random.between(25, 50), 2350, 0.38],
      ]);
    }
    if (random.chance(0.78)) this.#run(start + random.between(70, 150), DISHWASHER);
  }

  #evening({ back, bed, isWeekend }: DayRoutine, random: Random): void {
    const start = Math.max(isWeekend ? 1110 : back + 70, 1150) + random.between(-20, 40);
    if (random.chance(0.85))
      this.#run(start, [[Math.max(20, bed - start - random.between(0, 40)), random.between(95, 145)]]);
    if (random.chance(0.55)) this.#run(random.between(1180, 1290), [[2.3, 2050]]);
    if (random.chance(0.35)) this.#run(random.between(1140, 1260), [[random.between(50, 110), 130]]);
  }

  #laundry({ back, isHome, isWeekend }: DayRoutine, random: Random): void {
    const loads = random.chance(isWeekend ? 0.75 : 0.36) ? (isWeekend && random.chance(0.4) ? 2 : 1) : 0;
    let start = isHome ? random.between(570, 780) : back + random.between(5, 40);
    for (let i = 0; i < loads; i++) {
      this.#run(start, WASHING);
      if (random.chance(0.42)) this.#run(start + 106, DRYER);
      start += 125;
    }
  }

  #run(minute: number, pieces: readonly Piece[]): void {
    let at = this.#clock.instantAt(this.#day, Math.max(0, minute));
    for (const [minutes, watts, duty] of pieces) {
      if (duty === undefined) this.#add(at, minutes, watts);
      else
        for (let m = 0; m < minutes; m += THERMOSTAT_MINUTES)
          this.#add(at + m * MINUTE_MS, THERMOSTAT_MINUTES * duty, watts);
      at += minutes * MINUTE_MS;
    }
  }

  #add(start: number, minutes: number, watts: number): void {
    this.#uses.starts.push(start);
    this.#uses.ends.push(start + minutes * MINUTE_MS);
    this.#uses.watts.push(watts);
  }
}
