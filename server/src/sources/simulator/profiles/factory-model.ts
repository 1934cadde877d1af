import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { GridConnection } from '../equipment/grid-connection.ts';
import { Machine, type Plant } from '../equipment/machine.ts';
import { hash, Random, Wander } from '../random.ts';
import type { GroupTable } from '../recorder.ts';
import { MAX_PART_MS, type ModelParts, type SiteModel } from '../site-model.ts';
import { MACHINES } from './factory-machines.ts';
import { ShiftCalendar } from './shift-calendar.ts';

const BUILDING_KW = { night: 7, day: 15, lights: 8 };
const BUILDING = MACHINES.length;
const WARMING_S = 3 * 3600;
/** Resolution of the machines' meters: 10 W. */
const STEP_W = 10;

/**
 * A plant: machines driven by shifts, orders, weather and material. In every row the main meter is exactly the sum of the machines and
 * of the building's services.
 */
export class FactoryModel implements SiteModel {
  readonly #parts: ModelParts;
  readonly #values: Float64Array;
  readonly #machines: readonly Machine[];
  readonly #shifts: ShiftCalendar;
  readonly #plant: Plant & { activity: number };
  readonly #activity: number;
  readonly #grid: GridConnection;
  readonly #energyTable: GroupTable;
  readonly #productionTable: GroupTable;
  readonly #environmentTable: GroupTable;
  readonly #building: Wander;
  readonly #buildingWh: number;
  readonly #indoorC: number;
  /** Means over the current row: kW per machine and building, and the share of the row that each machine worked. */
  readonly #powerKw = new Float64Array(MACHINES.length + 1);
  readonly #worked = new Float64Array(MACHINES.length);

  constructor(parts: ModelParts) {
    const { seed, clock, weather, memory, board, recorder } = parts;
    this.#parts = parts;
    this.#values = memory.values;
    this.#shifts = new ShiftCalendar(seed, clock);
    this.#machines = MACHINES.map((options) => new Machine(options, seed, memory, board));
    this.#plant = { shifts: this.#shifts, weather, activity: 0 };
    this.#activity = memory.take(0);
    this.#building = new Wander(memory, new Random(hash(seed, 'building'), memory), 0.07, 1500);
    this.#buildingWh = memory.take(812_000_000);
    this.#indoorC = memory.take(20);
    const keys = MACHINES.map(({ key }) => key);
    this.#energyTable = recorder.table(
      'energy',
      [
        ['power_kw', 0.01],
        ['energy_kwh', 0.01],
        ['power_factor', 0.01],
      ],
      [...keys, 'building'],
    );
    this.#productionTable = recorder.table(
      'production',
      [
        ['count', 1],
        ['operating_hours', 1e-6],
        ['status', 1],
        ['material_moisture_percent', 0.1],
      ],
      keys,
    );
    this.#environmentTable = recorder.table(
      'environment',
      [
        ['outdoor_temp_c', 0.1],
        ['indoor_temp_c', 0.1],
        ['humidity_percent', 1],
        ['pressure_bar', 0.01],
      ],
      ['climate', 'compressor'],
    );
    const connection = {
      device: 'main-meter',
      nominalV: 400,
      dropVPerKw: 0.012,
      powerStepKw: 0.01,
      importedKwh: 3_120_440,
      exportedKwh: 0,
    };
    this.#grid = new GridConnection(connection, seed, memory, recorder);
  }

  row(instant: number, stepMs: number): void {
    const energyBefore = this.#machines.map(({ energyKwh }) => energyKwh);
    const buildingBefore = this.#values[this.#buildingWh]! / 1000;
    const indoorC = this.#values[this.#indoorC]!;
    this.#run(instant, stepMs);
    let totalW = 0;
    for (let m = 0; m < this.#machines.length; m++) {
      const machine = this.#machines[m]!;
      const watts = Math.round((1000 * this.#powerKw[m]!) / STEP_W) * STEP_W;
      totalW += watts;
      this.#machineRow(m, instant, stepMs, watts, energyBefore[m]!);
      machine.count(watts, stepMs);
    }
    const buildingW = Math.round((1000 * this.#powerKw[BUILDING]!) / STEP_W) * STEP_W;
    if (this.#energyTable.begin(BUILDING, instant)) {
      this.#energyTable.set(0, buildingW / 1000);
      this.#energyTable.set(1, buildingBefore);
      this.#energyTable.set(2, 0.95);
    }
    this.#values[this.#buildingWh] = this.#values[this.#buildingWh]! + (buildingW * stepMs) / HOUR_MS;
    this.#environmentRows(instant, indoorC);
    this.#grid.row(instant, stepMs, totalW + buildingW);
  }

  #machineRow(m: number, instant: number, stepMs: number, watts: number, energyKwh: number): void {
    const machine = this.#machines[m]!;
    if (this.#energyTable.begin(m, instant)) {
      this.#energyTable.set(0, watts / 1000);
      this.#energyTable.set(1, energyKwh);
      this.#energyTable.set(2, machine.powerFactor);
    }
    // Units made while the device is silent remain in its counter and are reported with the next row.
    if (!this.#productionTable.begin(m, instant)) return;
    const { duty, moisture } = machine.options;
    if (duty.type === 'production') this.#productionTable.set(0, machine.takeUnits());
    this.#productionTable.set(1, (this.#worked[m]! * stepMs) / HOUR_MS);
    this.#productionTable.set(2, machine.status);
    if (moisture !== undefined) this.#productionTable.set(3, machine.moisturePercent);
  }

  #environmentRows(instant: number, indoorC: number): void {
    const { weather } = this.#parts;
    const table = this.#environmentTable;
    if (table.begin(0, instant)) {
      table.set(0, weather.temperatureC);
      table.set(1, indoorC);
      table.set(2, Math.min(80, weather.humidityPercent * Math.exp(0.055 * (weather.temperatureC - indoorC))));
    }
    const compressor = this.#machines.find(({ options }) => options.duty.type === 'air');
    if (compressor !== undefined && table.begin(1, instant)) table.set(3, compressor.pressureBar);
  }

  #run(instant: number, stepMs: number): void {
    this.#powerKw.fill(0);
    this.#worked.fill(0);
    const parts = Math.ceil(stepMs / MAX_PART_MS);
    const partMs = stepMs / parts;
    for (let i = 0; i < parts; i++) this.#runPart(instant + i * partMs, partMs / 1000, 1 / parts);
  }

  #runPart(instant: number, stepS: number, weight: number): void {
    const { clock, weather } = this.#parts;
    clock.moveTo(instant);
    weather.step(instant, stepS);
    this.#shifts.moveTo(instant);
    const { isWorking } = this.#shifts;
    // The power of compressor and chiller depends on the machines that ran in the previous step.
    this.#plant.activity = this.#values[this.#activity]!;
    let running = 0;
    let producing = 0;
    for (let m = 0; m < this.#machines.length; m++) {
      const machine = this.#machines[m]!;
      machine.step(instant, stepS, this.#plant);
      this.#powerKw[m] = this.#powerKw[m]! + weight * machine.powerKw;
      this.#worked[m] = this.#worked[m]! + weight * machine.worked;
      if (machine.options.duty.type !== 'production') continue;
      producing++;
      running += machine.worked;
    }
    this.#values[this.#activity] = running / producing;
    const { temperatureC, sky } = weather;
    const lights = BUILDING_KW.lights * Math.max(0, 1 - sky.ghi / 250);
    const buildingKw = (isWorking ? BUILDING_KW.day + lights : BUILDING_KW.night) * (1 + this.#building.step(stepS));
    this.#powerKw[BUILDING] = this.#powerKw[BUILDING]! + weight * buildingKw;
    const settledC = 18.5 + (isWorking ? 2 : 0) + 0.55 * Math.max(0, temperatureC - 16);
    const before = this.#values[this.#indoorC]!;
    this.#values[this.#indoorC] = settledC + (before - settledC) * Math.exp(-stepS / WARMING_S);
  }
}
