import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { FaultBoard } from '../faults.ts';
import type { Memory } from '../memory.ts';
import type { ShiftCalendar } from '../profiles/shift-calendar.ts';
import { hash, hashedNormal, Random, Wander } from '../random.ts';
import type { Weather } from './weather.ts';

/** Values of `production.status`. */
export const STATUS = { off: 0, standby: 1, running: 2, stopped: 3 } as const;

/** The conditions under which a machine operates, and its load. */
export type Duty =
  /** Produces units during shifts. */
  | {
      readonly type: 'production';
      readonly unitsPerHour: number;
      readonly kwhPerUnit: number;
      readonly pauses: boolean;
    }
  /** Supplies compressed air to running machines, and covers leakage. */
  | { readonly type: 'air'; readonly leakShare: number }
  /** Removes heat: more in warm weather and when machines run. */
  | { readonly type: 'cooling'; readonly fromC: number }
  /** Ventilates during shifts and for an hour before and after. */
  | { readonly type: 'ventilation' };

export interface MachineOptions {
  readonly key: string;
  readonly duty: Duty;
  readonly offKw: number;
  readonly standbyKw: number;
  /** Base power while running, without units and weather. */
  readonly runKw: number;
  /** Additional power while running, per kelvin of outdoor temperature above and below a threshold. */
  readonly warm?: { readonly aboveC: number; readonly kwPerK: number };
  readonly cold?: { readonly belowC: number; readonly kwPerK: number };
  /** Drying of wet material: mean moisture in percent, and kW per percent above it. */
  readonly moisture?: { readonly percent: number; readonly deviation: number; readonly kwPerPercent: number };
  /** Variation that no driver explains: relative standard deviation over hours. */
  readonly unexplained: number;
  readonly powerFactor: number;
}

const LOT_MS = 4 * HOUR_MS;
/** Relative standard deviation between products of the energy per unit. */
const LOT_DEVIATION = 0.1;
const MEAN_RUN_S = 2.6 * 3600;
const MEAN_STOP_S = 420;
const NOMINAL_BAR = 7.1;

/** The conditions in the plant that affect a machine. */
export interface Plant {
  readonly shifts: ShiftCalendar;
  readonly weather: Weather;
  /** Share of the producing machines that are running, 0–1. */
  readonly activity: number;
}

/** One machine: its state, its production, and its power, which depends on state, production, weather and material. */
export class Machine {
  readonly options: MachineOptions;
  status: number = STATUS.off;
  powerKw = 0;
  /** Share of the last step during which it worked, 0–1. */
  worked = 0;
  pressureBar = NOMINAL_BAR;
  readonly #seed: number;
  readonly #values: Float64Array;
  readonly #random: Random;
  readonly #noise: Wander;
  readonly #fast: Wander;
  readonly #pace: Wander;
  readonly #wetness: Wander;
  readonly #energyWh: number;
  readonly #isStopped: number;
  readonly #leftS: number;
  readonly #units: number;
  readonly #board: FaultBoard;
  readonly #powerFault: number;
  readonly #pressureFault: number;
  #lot = Number.NaN;
  #lotFactor = 1;

  constructor(options: MachineOptions, siteSeed: number, memory: Memory, board: FaultBoard) {
    this.options = options;
    this.#seed = hash(siteSeed, 'machine', options.key);
    this.#values = memory.values;
    this.#random = new Random(this.#seed, memory);
    this.#noise = new Wander(memory, this.#random, options.unexplained, 1.6 * 3600);
    this.#fast = new Wander(memory, this.#random, 0.05, 45);
    this.#pace = new Wander(memory, this.#random, 0.06, 1800);
    this.#wetness = new Wander(memory, this.#random, options.moisture?.deviation ?? 0, 7 * 3600);
    this.#energyWh = memory.take(1e6 * this.#random.between(90, 400));
    this.#isStopped = memory.take(0);
    this.#leftS = memory.take(this.#random.exponential(MEAN_RUN_S));
    this.#units = memory.take(0);
    this.#board = board;
    this.#powerFault = board.handle(options.key, 'energy.power_kw');
    this.#pressureFault = board.handle(options.key, 'environment.pressure_bar');
  }

  get energyKwh(): number {
    return this.#values[this.#energyWh]! / 1000;
  }

  get moisturePercent(): number {
    return Math.max(0.5, (this.options.moisture?.percent ?? 0) + this.#wetness.value);
  }

  get powerFactor(): number {
    const { powerFactor, runKw, standbyKw } = this.options;
    const load = Math.min(1, this.powerKw / (1.3 * (runKw + standbyKw)));
    return powerFactor * (0.72 + 0.28 * Math.sqrt(load));
  }

  /** The counter integrates the reported power. */
  count(watts: number, stepMs: number): void {
    this.#values[this.#energyWh] = this.#values[this.#energyWh]! + (watts * stepMs) / HOUR_MS;
  }

  /** Units completed since the last call, an integer. */
  takeUnits(): number {
    const ready = Math.floor(this.#values[this.#units]!);
    this.#values[this.#units] = this.#values[this.#units]! - ready;
    return ready;
  }

  step(instant: number, stepS: number, plant: Plant): void {
    const noise = this.#noise.step(stepS) + this.#fast.step(stepS);
    const pace = 1 + this.#pace.step(stepS);
    this.#wetness.step(stepS);
    this.#turnLot(instant);
    const clean = Math.max(0, this.#cleanKw(stepS, pace, plant) * (1 + noise));
    const fault = this.#powerFault;
    this.powerKw = clean * this.#board.factor(fault) + this.#board.added(fault);
  }

  #cleanKw(stepS: number, pace: number, plant: Plant): number {
    const { duty, offKw } = this.options;
    const { shifts } = plant;
    if (duty.type === 'production') return this.#produce(duty, stepS, pace, shifts) + this.#weatherKw(plant);
    if (duty.type === 'air') return this.#compress(duty.leakShare, pace, plant);
    if (duty.type === 'cooling') return this.#cool(duty.fromC, pace, plant);
    const isOn = shifts.isWorking || shifts.isWarmingUp;
    this.worked = isOn ? 1 : 0;
    this.status = isOn ? STATUS.running : STATUS.off;
    return isOn ? this.options.runKw + this.#weatherKw(plant) : offKw;
  }

  #produce(duty: Duty & { type: 'production' }, stepS: number, pace: number, shifts: ShiftCalendar): number {
    const { offKw, standbyKw, runKw, moisture } = this.options;
    this.worked = 0;
    if (!shifts.isWorking) {
      this.status = shifts.isWarmingUp ? STATUS.standby : STATUS.off;
      return shifts.isWarmingUp ? standbyKw : offKw;
    }
    this.#stumble(stepS);
    if (this.#values[this.#isStopped] === 1 || (duty.pauses && shifts.isBreak)) {
      this.status = this.#values[this.#isStopped] === 1 ? STATUS.stopped : STATUS.standby;
      return standbyKw;
    }
    this.status = STATUS.running;
    this.worked = 1;
    const unitsPerHour = duty.unitsPerHour * Math.min(1, shifts.orders + 0.08) * pace;
    this.#values[this.#units] = this.#values[this.#units]! + (unitsPerHour * stepS) / 3600;
    const wetKw = moisture === undefined ? 0 : moisture.kwPerPercent * (this.moisturePercent - moisture.percent);
    return runKw + duty.kwhPerUnit * unitsPerHour * this.#lotFactor + wetKw;
  }

  /** Short stops occur at random. */
  #stumble(stepS: number): void {
    const values = this.#values;
    values[this.#leftS] = values[this.#leftS]! - stepS;
    if (values[this.#leftS]! > 0) return;
    values[this.#isStopped] = 1 - values[this.#isStopped]!;
    values[this.#leftS] = this.#random.exponential(values[this.#isStopped] === 1 ? MEAN_STOP_S : MEAN_RUN_S);
  }

  /** A screw compressor in load/unload operation: 6–7 % more power per bar. */
  #compress(leakShare: number, pace: number, plant: Plant): number {
    const { offKw, standbyKw, runKw } = this.options;
    const lostBar = -this.#board.added(this.#pressureFault);
    const wanted = (leakShare + (1 - leakShare) * 0.85 * plant.activity) * pace + 0.14 * lostBar;
    this.worked = Math.min(1, Math.max(0, wanted));
    this.status = this.worked > 0.03 ? STATUS.running : STATUS.standby;
    this.pressureBar = NOMINAL_BAR - 0.35 * (this.worked - 0.4) + 0.9 * this.#fast.value;
    const perBar = 1 + 0.065 * (this.pressureBar - NOMINAL_BAR);
    return offKw + standbyKw * (1 - this.worked) + runKw * this.worked * perBar + this.#weatherKw(plant);
  }

  #cool(fromC: number, pace: number, plant: Plant): number {
    const { offKw, runKw } = this.options;
    const warmth = Math.max(0, plant.weather.temperatureC - fromC);
    const wanted = (0.55 * plant.activity + 0.016 * warmth) * pace;
    this.worked = Math.min(1, wanted);
    this.status = this.worked > 0.03 ? STATUS.running : STATUS.standby;
    return offKw + runKw * this.worked + this.#weatherKw(plant);
  }

  #weatherKw({ weather }: Plant): number {
    const { warm, cold } = this.options;
    if (this.worked === 0) return 0;
    const hot = warm === undefined ? 0 : warm.kwPerK * Math.max(0, weather.temperatureC - warm.aboveC);
    const chill = cold === undefined ? 0 : cold.kwPerK * Math.max(0, cold.belowC - weather.temperatureC);
    return (hot + chill) * this.worked;
  }

  #turnLot(instant: number): void {
    const lot = Math.floor(instant / LOT_MS);
    if (lot === this.#lot) return;
    this.#lot = lot;
    this.#lotFactor = 1 + LOT_DEVIATION * Math.min(2, Math.max(-2, hashedNormal(this.#seed, 'lot', lot)));
  }
}
