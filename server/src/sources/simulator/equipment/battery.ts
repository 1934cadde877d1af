import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Memory } from '../memory.ts';

export interface BatteryOptions {
  readonly capacityKwh: number;
  /** LFP cells in series. */
  readonly cells: number;
  /** At the point of measurement (AC side; in a vehicle, the DC bus). */
  readonly maxChargeW: number;
  readonly maxDischargeW: number;
  /** One-way efficiency of power electronics and cells. */
  readonly converterEfficiency: number;
  readonly cellEfficiency: number;
  /** Standby power of the electronics, drawn from the cells. */
  readonly standbyW: number;
  /** Charging power after standby has emptied the battery; 0 without such a source. */
  readonly rescueW: number;
  /** Minimum and maximum state of charge, 0–1. */
  readonly minSoc: number;
  readonly maxSoc: number;
  readonly resistanceOhm: number;
  readonly heatCapacityWhPerK: number;
  readonly coolingWPerK: number;
  readonly initialSoc: number;
  readonly initialSohPercent: number;
  /** Energy through the battery before the simulation began, kWh. */
  readonly initialChargedKwh: number;
}

/** Open-circuit voltage of an LFP cell by state of charge, V (typical 280 Ah prismatic cell at 25 °C). */
const OCV_SOC = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.9, 0.97, 1];
const OCV_V = [2.85, 3.08, 3.18, 3.24, 3.27, 3.29, 3.3, 3.33, 3.34, 3.37, 3.44];
/** Calendar ageing, and ageing per full cycle (6,000 cycles to 80 %): percent. */
const SOH_PERCENT_PER_HOUR = 1.3 / 8766;
const SOH_PERCENT_PER_CYCLE = 20 / 6000;
/** Charging power tapers above this state of charge. */
const TAPER_FROM = 0.95;

/**
 * A battery with its converter. Powers apply at the point of measurement, + charge, − discharge. Losses reduce the energy that reaches
 * the cells and increase the energy drawn from them:
 * ΔE = P·η_converter·η_cell·Δt (charge), P/(η_converter·η_cell)·Δt (discharge), minus standby.
 */
export class Battery {
  readonly options: BatteryOptions;
  readonly #values: Float64Array;
  readonly #energyKwh: number;
  readonly #temperatureC: number;
  readonly #sohPercent: number;
  readonly #chargedWh: number;
  readonly #dischargedWh: number;
  readonly #rescue: number;

  constructor(options: BatteryOptions, memory: Memory) {
    this.options = options;
    this.#values = memory.values;
    const usableKwh = (options.capacityKwh * options.initialSohPercent) / 100;
    this.#energyKwh = memory.take(usableKwh * options.initialSoc);
    this.#temperatureC = memory.take(18);
    this.#sohPercent = memory.take(options.initialSohPercent);
    this.#chargedWh = memory.take(1000 * options.initialChargedKwh);
    const roundTrip = (options.converterEfficiency * options.cellEfficiency) ** 2;
    this.#dischargedWh = memory.take(1000 * options.initialChargedKwh * roundTrip * 0.97);
    this.#rescue = memory.take(0);
  }

  /** State of charge, 0–1, relative to the capacity at the present state of health. */
  get soc(): number {
    return this.#values[this.#energyKwh]! / this.#usableKwh;
  }

  get energyKwh(): number {
    return this.#values[this.#energyKwh]!;
  }

  get temperatureC(): number {
    return this.#values[this.#temperatureC]!;
  }

  get sohPercent(): number {
    return this.#values[this.#sohPercent]!;
  }

  get chargedKwh(): number {
    return this.#values[this.#chargedWh]! / 1000;
  }

  get dischargedKwh(): number {
    return this.#values[this.#dischargedWh]! / 1000;
  }

  get #usableKwh(): number {
    return (this.options.capacityKwh * this.#values[this.#sohPercent]!) / 100;
  }

  /** Charges or discharges at the permitted power nearest to `wantedW`; returns the actual power, whole W. */
  step(wantedW: number, stepS: number, ambientC: number): number {
    const values = this.#values;
    const { converterEfficiency, cellEfficiency, standbyW } = this.options;
    const efficiency = converterEfficiency * cellEfficiency;
    const watts = this.#allowed(wantedW, stepS, efficiency);
    const cellW = (watts > 0 ? watts * efficiency : watts / efficiency) - standbyW;
    values[this.#energyKwh] = Math.max(0, this.energyKwh + (cellW * stepS) / 3.6e6);
    const heatW = Math.abs(watts) * (1 - cellEfficiency) + standbyW;
    const { heatCapacityWhPerK, coolingWPerK } = this.options;
    const settledC = ambientC + heatW / coolingWPerK;
    const decay = Math.exp((-stepS / 3600) * (coolingWPerK / heatCapacityWhPerK));
    values[this.#temperatureC] = settledC + (this.temperatureC - settledC) * decay;
    const cycles = (Math.abs(watts) * stepS) / 3.6e6 / (2 * this.options.capacityKwh);
    values[this.#sohPercent] = this.sohPercent - (SOH_PERCENT_PER_HOUR * stepS) / 3600 - SOH_PERCENT_PER_CYCLE * cycles;
    return watts;
  }

  /** The counters integrate the reported power. */
  count(watts: number, stepMs: number): void {
    const at = watts > 0 ? this.#chargedWh : this.#dischargedWh;
    this.#values[at] = this.#values[at]! + (Math.abs(watts) * stepMs) / HOUR_MS;
  }

  /** Current into the cells at a measured power, A. */
  currentA(watts: number): number {
    const { converterEfficiency, standbyW } = this.options;
    const directW = (watts > 0 ? watts * converterEfficiency : watts / converterEfficiency) - standbyW;
    return directW / this.voltageV(watts);
  }

  /** Terminal voltage: open-circuit voltage minus the voltage drop across the internal resistance. */
  voltageV(watts: number): number {
    const open = this.options.cells * openCircuitV(this.soc);
    return open + (watts / open) * this.options.resistanceOhm;
  }

  #allowed(wantedW: number, stepS: number, efficiency: number): number {
    const { minSoc, maxSoc, maxChargeW, maxDischargeW, rescueW } = this.options;
    const values = this.#values;
    const usable = this.#usableKwh;
    const perKwh = 3.6e6 / stepS;
    // A battery that stays empty for weeks is recharged to its minimum state of charge, as by a battery management system.
    if (rescueW > 0 && this.soc < minSoc - 0.01) values[this.#rescue] = 1;
    else if (this.soc >= minSoc) values[this.#rescue] = 0;
    const wanted = values[this.#rescue] === 1 ? Math.max(wantedW, rescueW) : wantedW;
    if (wanted > 0) {
      const roomW = (Math.max(0, usable * maxSoc - this.energyKwh) * perKwh) / efficiency;
      const taperW = maxChargeW * Math.min(1, 0.06 + (0.94 * (maxSoc - this.soc)) / (1 - TAPER_FROM));
      return Math.floor(Math.max(0, Math.min(wanted, maxChargeW, roomW, taperW)));
    }
    const leftW = Math.max(0, this.energyKwh - usable * minSoc) * perKwh * efficiency;
    return -Math.floor(Math.min(-wanted, maxDischargeW, leftW)) || 0;
  }
}

function openCircuitV(soc: number): number {
  let i = 1;
  while (i < OCV_SOC.length - 1 && soc > OCV_SOC[i]!) i++;
  const from = OCV_SOC[i - 1]!;
  const share = (soc - from) / (OCV_SOC[i]! - from);
  return OCV_V[i - 1]! + share * (OCV_V[i]! - OCV_V[i - 1]!);
}
