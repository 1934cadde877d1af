import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { Battery } from '../equipment/battery.ts';
import { GridConnection } from '../equipment/grid-connection.ts';
import { SolarString } from '../equipment/solar-array.ts';
import type { GroupTable } from '../recorder.ts';
import { MAX_PART_MS, type ModelParts, type SiteModel } from '../site-model.ts';
import { RvLife } from './rv-life.ts';

const CHARGER_W = 420;
/** Efficiency of the solar charger (maximum power point tracker). */
const TRACKER_EFFICIENCY = 0.97;
/** Solar heat gain through windows and roof, K per W/m². */
const SUN_K_PER_W_M2 = 0.006;
const WARMING_S = 2.5 * 3600;

/**
 * A camper. Powers are measured at the 12 V bus, shore power at its cable. Converter losses count as load, so that in every row solar +
 * shore = load + battery holds exactly. Without shore power, a full battery curtails the solar power, and an empty one leaves the loads
 * without power.
 */
export class RvModel implements SiteModel {
  readonly #parts: ModelParts;
  readonly #values: Float64Array;
  readonly #string = new SolarString({ peakKw: 0.44, tiltDeg: 0, azimuthDeg: 180, voltageV: 38 });
  readonly #battery: Battery;
  readonly #life: RvLife;
  readonly #shore: GridConnection;
  readonly #solarTable: GroupTable;
  readonly #batteryTable: GroupTable;
  readonly #loadTable: GroupTable;
  readonly #tankTable: GroupTable;
  readonly #weatherTable: GroupTable;
  readonly #indoorTable: GroupTable;
  readonly #solarWh: number;
  readonly #loadWh: number;
  readonly #indoorC: number;
  readonly #loadFault: number;
  readonly #solarFault: number;
  readonly #mean = { solar: 0, load: 0, battery: 0, shore: 0 };

  constructor(parts: ModelParts) {
    const { seed, clock, memory, board, recorder } = parts;
    this.#parts = parts;
    this.#values = memory.values;
    this.#battery = new Battery(RV_BATTERY, memory);
    this.#life = new RvLife(seed, clock, memory);
    this.#solarWh = memory.take(612_000);
    this.#loadWh = memory.take(938_000);
    this.#indoorC = memory.take(20);
    this.#solarTable = recorder.table(
      'solar',
      [
        ['power_kw', 0.001],
        ['voltage_v', 0.1],
        ['current_a', 0.1],
        ['energy_kwh', 0.01],
      ],
      ['solar'],
    );
    this.#batteryTable = recorder.table('battery', BATTERY_COLUMNS, ['battery']);
    this.#loadTable = recorder.table(
      'load',
      [
        ['power_kw', 0.001],
        ['energy_kwh', 0.01],
      ],
      ['loads'],
    );
    this.#tankTable = recorder.table('rv', [['water_tank_percent', 1]], ['tank']);
    this.#weatherTable = recorder.table('weather', [['temperature_c', 0.1]], ['climate']);
    this.#indoorTable = recorder.table('environment', [['indoor_temp_c', 0.1]], ['climate']);
    const shore = {
      device: 'shore',
      nominalV: 230,
      dropVPerKw: 6,
      powerStepKw: 0.001,
      importedKwh: 331,
      exportedKwh: 0,
    };
    this.#shore = new GridConnection(shore, seed, memory, recorder);
    this.#loadFault = board.handle('loads', 'load.power_kw');
    this.#solarFault = board.handle('solar', 'solar.power_kw');
  }

  row(instant: number, stepMs: number): void {
    const { clock, weather } = this.#parts;
    const battery = this.#battery;
    const { soc, sohPercent, temperatureC, chargedKwh, dischargedKwh } = battery;
    const waterPercent = this.#life.waterPercent;
    const indoorC = this.#values[this.#indoorC]!;
    this.#run(instant, stepMs);
    const batteryW = Math.round(this.#mean.battery);
    const solarW = Math.round(this.#mean.solar);
    const shoreW = this.#mean.shore > 0 ? Math.max(0, Math.round(this.#mean.load) + batteryW - solarW) : 0;
    const loadW = solarW + shoreW - batteryW;
    const voltage = this.#string.voltageV();
    if (this.#solarTable.begin(0, instant)) {
      this.#solarTable.set(0, solarW / 1000);
      this.#solarTable.set(1, voltage);
      this.#solarTable.set(2, voltage > 0 ? solarW / TRACKER_EFFICIENCY / voltage : 0);
      this.#solarTable.set(3, this.#values[this.#solarWh]! / 1000);
    }
    if (this.#batteryTable.begin(0, instant)) {
      this.#batteryTable.set(0, 100 * soc);
      this.#batteryTable.set(1, sohPercent);
      this.#batteryTable.set(2, battery.voltageV(batteryW));
      this.#batteryTable.set(3, battery.currentA(batteryW));
      this.#batteryTable.set(4, batteryW / 1000);
      this.#batteryTable.set(5, temperatureC);
      this.#batteryTable.set(6, chargedKwh);
      this.#batteryTable.set(7, dischargedKwh);
    }
    battery.count(batteryW, stepMs);
    if (this.#loadTable.begin(0, instant)) {
      this.#loadTable.set(0, loadW / 1000);
      this.#loadTable.set(1, this.#values[this.#loadWh]! / 1000);
    }
    this.#count(this.#loadWh, loadW, stepMs);
    this.#count(this.#solarWh, solarW, stepMs);
    clock.moveTo(instant);
    this.#shore.row(instant, stepMs, shoreW, this.#life.isOnShore);
    if (this.#tankTable.begin(0, instant)) this.#tankTable.set(0, waterPercent);
    if (this.#weatherTable.begin(0, instant)) this.#weatherTable.set(0, weather.temperatureC);
    if (this.#indoorTable.begin(0, instant)) this.#indoorTable.set(0, indoorC);
  }

  #run(instant: number, stepMs: number): void {
    this.#mean.solar = this.#mean.load = this.#mean.battery = this.#mean.shore = 0;
    const parts = Math.ceil(stepMs / MAX_PART_MS);
    const partMs = stepMs / parts;
    for (let i = 0; i < parts; i++) this.#runPart(instant + i * partMs, partMs / 1000, 1 / parts);
  }

  #runPart(instant: number, stepS: number, weight: number): void {
    const { clock, weather, board } = this.#parts;
    clock.moveTo(instant);
    weather.step(instant, stepS);
    const values = this.#values;
    const settledC = weather.temperatureC + 2 + SUN_K_PER_W_M2 * weather.sky.ghi;
    const indoorC = settledC + (values[this.#indoorC]! - settledC) * Math.exp(-stepS / WARMING_S);
    values[this.#indoorC] = indoorC;
    const sunW = Math.round(this.#string.step(weather) * TRACKER_EFFICIENCY * board.factor(this.#solarFault));
    const wishedW = Math.round(
      this.#life.step(instant, stepS, indoorC, weather.sky.ghi) + 1000 * board.added(this.#loadFault),
    );
    const chargerW = this.#life.isOnShore ? CHARGER_W + wishedW : 0;
    const batteryW = this.#battery.step(sunW + chargerW - wishedW, stepS, indoorC);
    const mean = this.#mean;
    // Solar power is used first, then shore power; unmet load is not drawn.
    const loadW = Math.min(wishedW, sunW + chargerW - batteryW);
    const solarW = Math.min(sunW, loadW + batteryW);
    mean.load += weight * loadW;
    mean.battery += weight * batteryW;
    mean.solar += weight * solarW;
    mean.shore += weight * (loadW + batteryW - solarW);
  }

  #count(place: number, watts: number, stepMs: number): void {
    this.#values[place] = this.#values[place]! + (watts * stepMs) / HOUR_MS;
  }
}

/** 200 Ah at 12.8 V. */
const RV_BATTERY = {
  capacityKwh: 2.56,
  cells: 4,
  maxChargeW: 900,
  maxDischargeW: 1900,
  converterEfficiency: 1,
  cellEfficiency: 0.97,
  standbyW: 1.5,
  rescueW: 0,
  minSoc: 0.1,
  maxSoc: 1,
  resistanceOhm: 0.006,
  heatCapacityWhPerK: 6,
  coolingWPerK: 1.8,
  initialSoc: 0.7,
  initialSohPercent: 98.4,
  initialChargedKwh: 904,
};

const BATTERY_COLUMNS = [
  ['soc_percent', 0.1],
  ['soh_percent', 0.1],
  ['voltage_v', 0.01],
  ['current_a', 0.1],
  ['power_kw', 0.001],
  ['temperature_c', 0.1],
  ['energy_charged_kwh', 0.01],
  ['energy_discharged_kwh', 0.01],
] as const;
