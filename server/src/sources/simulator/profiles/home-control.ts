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
/** Charging at night is worthwhile before a day with a lower expected solar yield than this, kWh. */
const LITTLE_SUN_KWH = 11;
/** Minimum price difference between evening peak and cheapest hour that covers the losses, per kWh. */
const WORTHWHILE_SPREAD = 0.06;
/** A surplus or deficit below this is left to the grid, W. */
const DEAD_BAND_W = 25;

/**
 * Control of a simple hybrid inverter: the battery stores surplus and covers deficits; before a cloudy day it charges in the cheapest
 * hours of the night. The control follows the meter with a small, slow error, as real ones do.
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

  /** The requested battery power, W, + charge; the clock must be set to `instant`. */
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

  /** A forecast of the day's yield with a realistic error. */
  #expectedSunKwh(): number {
    const { day } = this.#clock;
    const clearKwh = 26 + 20 * this.#weather.season(day.start);
    const error = 1 + 0.2 * hashedNormal(this.#seed, 'sun-forecast', day.number);
    return clearKwh * (1 - 0.72 * this.#weather.coverOf(day.number)) * error;
  }
}
