import type { Memory } from '../memory.ts';
import { hash, Random, Wander } from '../random.ts';

/** Heat loss of the house per kelvin below the balance temperature, kW/K. */
const LOSS_KW_PER_K = 0.155;
const BALANCE_C = 16.8;
const NIGHT_SETBACK_K = 1.6;
/** Minimum and maximum heat output of the running compressor, kW. */
const MIN_HEAT_KW = 2.1;
const MAX_HEAT_KW = 8;
/** Heat deficit of the floor at which the compressor starts, kWh. */
const BUFFER_KWH = 0.9;
const PUMP_W = 38;

/**
 * An air-source heat pump for heating: it modulates with the outdoor temperature, and cycles when the demand is below its minimum output.
 * Its coefficient of performance decreases with the outdoor temperature (A7/W35 4.5, A−7/W35 2.9, typical of data sheets).
 */
export class HeatPump {
  readonly #values: Float64Array;
  readonly #deficitKwh: number;
  readonly #runs: number;
  readonly #drift: Wander;

  constructor(seed: number, memory: Memory) {
    const random = new Random(hash(seed, 'heat-pump'), memory);
    this.#values = memory.values;
    this.#deficitKwh = memory.take(BUFFER_KWH * random.uniform());
    this.#runs = memory.take(0);
    this.#drift = new Wander(memory, random, 0.07, 1800);
  }

  /** Mean electric power over the step, W. */
  step(stepS: number, outdoorC: number, minuteOfDay: number): number {
    const values = this.#values;
    const drift = this.#drift.step(stepS);
    const isNight = minuteOfDay < 290 || minuteOfDay > 1340;
    const demandKw = LOSS_KW_PER_K * (BALANCE_C - (isNight ? NIGHT_SETBACK_K : 0) - outdoorC) * (1 + drift);
    if (demandKw <= 0.15) {
      values[this.#runs] = 0;
      return 0;
    }
    const hours = stepS / 3600;
    const deficit = Math.min(values[this.#deficitKwh]! + demandKw * hours, 2 * BUFFER_KWH);
    if (deficit >= BUFFER_KWH) values[this.#runs] = 1;
    else if (deficit <= 0) values[this.#runs] = 0;
    if (values[this.#runs] === 0) {
      values[this.#deficitKwh] = deficit;
      return PUMP_W;
    }
    const heatKw = Math.min(MAX_HEAT_KW, Math.max(MIN_HEAT_KW, demandKw));
    values[this.#deficitKwh] = deficit - heatKw * hours;
    const performance = Math.min(5.4, Math.max(1.9, 3.7 + 0.115 * outdoorC));
    return (1000 * heatKw) / performance + PUMP_W;
  }
}
