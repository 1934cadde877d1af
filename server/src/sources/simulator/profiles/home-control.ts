import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { DayAhead } from '../day-ahead.ts';
import type { Battery } from '../equipment/battery.ts';
import type { Weather } from '../equipment/weather.ts';
import type { Memory } from '../memory.ts';
import { hash, hashedNormal, Random, Wander } from '../random.ts';
import type { SiteClock } from '../site-clock.ts';

const NIGHT_CHARGE_W = 3000;
const NIGHT_CHARGE_TO = 0.85;
const CHEAP_HOURS = 3;
/** A day that promises less sun than this makes charging at night worthwhile, kWh. */
const LITTLE_SUN_KWH = 11;
/** Evening peak over cheapest hour that pays for the losses, per kWh. */
const WORTHWHILE_SPREAD = 0.06;
/** A surplus or want below this is left to the grid, W. */
const DEAD_BAND_W = 25;

/**
 * How a plain hybrid inverter runs its battery: surplus goes in, want comes out; before a dull day it charges in the cheapest hours of
 * the night. It follows the meter with a small, slow error, as real ones do.
 */
export class HomeControl {
  readonly #seed: number;
  readonly #clock: SiteClock;
  readonly #weather: Weather;
  readonly #prices: DayAhead;
  readonly #battery: Battery;
  readonly #error: Wander;
  #dayNumber = Number.NaN;
  #chargeSlots = new Set<number>();

  constructor(seed: number, clock: SiteClock, weather: Weather, prices: DayAhead, battery: Battery, memory: Memory) {
    this.#seed = seed;
    this.#clock = clock;
    this.#weather = weather;
    this.#prices = prices;
    this.#battery = battery;
    this.#error = new Wander(memory, new Random(hash(seed, 'control'), memory), 14, 25);
  }

  /** The power that the battery is asked for, W, + charge; the clock stands at `instant`. */
  wantedW(instant: number, stepS: number, surplusW: number): number {
    const error = this.#error.step(stepS);
    if (this.#clock.day.number !== this.#dayNumber) this.#turnDay();
    if (this.#chargeSlots.size > 0 && this.#chargeSlots.has(this.#prices.slotAt(instant))) {
      if (this.#battery.soc < NIGHT_CHARGE_TO) return Math.max(NIGHT_CHARGE_W, surplusW);
      return Math.max(0, surplusW);
    }
    return Math.abs(surplusW) < DEAD_BAND_W ? 0 : surplusW + error;
  }

  #turnDay(): void {
    const { day } = this.#clock;
    this.#dayNumber = day.number;
    this.#chargeSlots = new Set();
    const { importPerKwh } = this.#prices.day(day.number);
    const spread = Math.max(...importPerKwh) - Math.min(...importPerKwh);
    if (this.#expectedSunKwh() > LITTLE_SUN_KWH || spread < WORTHWHILE_SPREAD) return;
    this.#chargeSlots = new Set(this.#prices.cheapest(day.start, day.start + 7 * HOUR_MS, CHEAP_HOURS));
  }

  /** A forecast of the day's yield, as wrong as forecasts are. */
  #expectedSunKwh(): number {
    const { day } = this.#clock;
    const clearKwh = 26 + 20 * this.#weather.season(day.start);
    const error = 1 + 0.2 * hashedNormal(this.#seed, 'sun-forecast', day.number);
    return clearKwh * (1 - 0.72 * this.#weather.coverOf(day.number)) * error;
  }
}
