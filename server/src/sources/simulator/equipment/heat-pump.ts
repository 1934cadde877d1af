import type { Memory } from '../memory.ts';
import { hash, Random, Wander } from '../random.ts';

/** Heat that the house loses per kelvin below the balance temperature, kW/K. */
const LOSS_KW_PER_K = 0.155;
const BALANCE_C = 16.8;
const NIGHT_SETBACK_K = 1.6;
/** Least and greatest heat that the compressor gives when it runs, kW. */
const MIN_HEAT_KW = 2.1;
const MAX_HEAT_KW = 8;
/** Heat that the floor takes up before the compressor starts, kWh. */
const BUFFER_KWH = 0.9;
const PUMP_W = 38;

/**
 * An air-source heat pump for heating: it modulates with the outdoor temperature, and cycles when less is wanted than it can give.
 * Its coefficient of performance falls with the outdoor temperature (A7/W35 4.5, A−7/W35 2.9, usual for data sheets).
 */
export class HeatPump {
  readonly #values: Float64Array;
  readonly #owedKwh: number;
  readonly #runs: number;
  readonly #drift: Wander;

  constructor(seed: number, memory: Memory) {
    const random = new Random(hash(seed, 'heat-pump'), memory);
    this.#values = memory.values;
    this.#owedKwh = memory.take(BUFFER_KWH * random.uniform());
    this.#runs = memory.take(0);
    this.#drift = new Wander(memory, random, 0.07, 1800);
  }

  /** Mean electric power over the step, W. */
  step(stepS: number, outdoorC: number, minuteOfDay: number): number {
    const values = this.#values;
    const drift = this.#drift.step(stepS);
    const isNight = minuteOfDay < 290 || minuteOfDay > 1340;
    const wantedKw = LOSS_KW_PER_K * (BALANCE_C - (isNight ? NIGHT_SETBACK_K : 0) - outdoorC) * (1 + drift);
    if (wantedKw <= 0.15) {
      values[this.#runs] = 0;
      return 0;
    }
    const hours = stepS / 3600;
    const owed = Math.min(values[this.#owedKwh]! + wantedKw * hours, 2 * BUFFER_KWH);
    if (owed >= BUFFER_KWH) values[this.#runs] = 1;
    else if (owed <= 0) values[this.#runs] = 0;
    if (values[this.#runs] === 0) {
      values[this.#owedKwh] = owed;
      return PUMP_W;
    }
    const heatKw = Math.min(MAX_HEAT_KW, Math.max(MIN_HEAT_KW, wantedKw));
    values[this.#owedKwh] = owed - heatKw * hours;
    const performance = Math.min(5.4, Math.max(1.9, 3.7 + 0.115 * outdoorC));
    return (1000 * heatKw) / performance + PUMP_W;
  }
}
