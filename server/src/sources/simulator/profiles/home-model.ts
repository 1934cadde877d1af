import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { DayAhead } from '../day-ahead.ts';
import { Battery } from '../equipment/battery.ts';
import { GridConnection } from '../equipment/grid-connection.ts';
import { HeatPump } from '../equipment/heat-pump.ts';
import { HOME_BATTERY, HOME_INVERTER_W, HOME_PRICES, HOME_STRINGS } from '../equipment/home-equipment.ts';
import { Household } from '../equipment/household.ts';
import { inverterAcW, SolarString } from '../equipment/solar-array.ts';
import { Vehicle } from '../equipment/vehicle.ts';
import { WeatherStation } from '../equipment/weather-station.ts';
import type { GroupTable, Recorder } from '../recorder.ts';
import { MAX_PART_MS, type ModelParts, type SiteModel } from '../site-model.ts';
import { TariffFeed } from '../tariff-feed.ts';
import { HomeControl } from './home-control.ts';

/**
 * A house. Solar, battery, load and grid power are all measured on the AC side in whole watts, so that in every row solar + grid = load +
 * battery holds exactly. Conversion losses occur between charged and discharged energy and between the strings and the inverter. The car
 * is part of the load.
 */
export class HomeModel implements SiteModel {
  readonly #parts: ModelParts;
  readonly #strings = HOME_STRINGS.map((options) => new SolarString(options)) as [SolarString, SolarString];
  readonly #prices: DayAhead;
  readonly #household: Household;
  readonly #heatPump: HeatPump;
  readonly #vehicle: Vehicle;
  readonly #battery: Battery;
  readonly #control: HomeControl;
  readonly #grid: GridConnection;
  readonly #station: WeatherStation;
  readonly #feed: TariffFeed;
  readonly #solarTable: GroupTable;
  readonly #batteryTable: GroupTable;
  readonly #loadTable: GroupTable;
  readonly #vehicleTable: GroupTable;
  readonly #values: Float64Array;
  readonly #solarWh: number;
  readonly #loadWh: number;
  readonly #loadFault: number;
  readonly #solarFault: number;
  readonly #stringFault: number;
  /** Means over the parts of the current row, W. */
  readonly #mean = { solar: 0, string1: 0, string2: 0, load: 0, vehicle: 0, battery: 0, irradiance: 0 };
  #directV = 0;

  constructor(parts: ModelParts) {
    const { seed, clock, weather, memory, board, recorder } = parts;
    this.#parts = parts;
    this.#values = memory.values;
    this.#prices = new DayAhead(HOME_PRICES, seed, clock, weather);
    this.#household = new Household(seed, clock, memory, true);
    this.#heatPump = new HeatPump(seed, memory);
    this.#vehicle = new Vehicle(seed, clock, this.#prices, memory);
    this.#battery = new Battery(HOME_BATTERY, memory);
    this.#control = new HomeControl(seed, clock, weather, this.#prices, this.#battery, memory);
    this.#solarWh = memory.take(17_350_000);
    this.#loadWh = memory.take(21_904_000);
    this.#solarTable = solarTable(recorder, 'inverter');
    this.#batteryTable = batteryTable(recorder, 'battery');
    this.#loadTable = loadTable(recorder, 'house');
    this.#vehicleTable = recorder.table(
      'vehicle',
      [
        ['soc_percent', 0.5],
        ['power_kw', 0.001],
        ['energy_kwh', 0.01],
      ],
      ['charger'],
    );
    this.#grid = new GridConnection(
      {
        device: 'grid',
        nominalV: 231,
        dropVPerKw: 0.45,
        powerStepKw: 0.001,
        importedKwh: 14_120,
        exportedKwh: 8_233,
      },
      seed,
      memory,
      recorder,
    );
    this.#station = new WeatherStation('weather', weather, memory, recorder);
    this.#feed = new TariffFeed('tariff', this.#prices, clock, memory, recorder);
    this.#loadFault = board.handle('house', 'load.power_kw');
    this.#solarFault = board.handle('inverter', 'solar.power_kw');
    this.#stringFault = board.handle('inverter', 'solar.string2_power_kw');
  }

  row(instant: number, stepMs: number): void {
    const battery = this.#battery;
    const { soc, sohPercent, temperatureC, chargedKwh, dischargedKwh } = battery;
    const vehicleSoc = this.#vehicle.socPercent;
    this.#run(instant, stepMs);
    const mean = this.#mean;
    const solarW = Math.round(mean.solar);
    const loadW = Math.round(mean.load);
    const batteryW = Math.round(mean.battery);
    const vehicleW = Math.round(mean.vehicle);
    this.#solarRow(instant, solarW);
    const table = this.#batteryTable;
    if (table.begin(0, instant)) {
      table.set(0, 100 * soc);
      table.set(1, sohPercent);
      table.set(2, battery.voltageV(batteryW));
      table.set(3, battery.currentA(batteryW));
      table.set(4, batteryW / 1000);
      table.set(5, temperatureC);
      table.set(6, chargedKwh);
      table.set(7, dischargedKwh);
    }
    battery.count(batteryW, stepMs);
    if (this.#loadTable.begin(0, instant)) {
      this.#loadTable.set(0, loadW / 1000);
      this.#loadTable.set(1, this.#values[this.#loadWh]! / 1000);
    }
    this.#count(this.#loadWh, loadW, stepMs);
    this.#count(this.#solarWh, solarW, stepMs);
    if (this.#vehicleTable.begin(0, instant)) {
      this.#vehicleTable.set(0, vehicleSoc);
      this.#vehicleTable.set(1, vehicleW / 1000);
      this.#vehicleTable.set(2, this.#vehicle.chargedKwh);
    }
    this.#vehicle.count(vehicleW, stepMs);
    this.#grid.row(instant, stepMs, loadW + batteryW - solarW);
    this.#station.row(instant, mean.irradiance);
    this.#parts.clock.moveTo(instant);
    this.#feed.row(instant);
  }

  #run(instant: number, stepMs: number): void {
    const mean = this.#mean;
    mean.solar = mean.string1 = mean.string2 = mean.load = mean.vehicle = mean.battery = mean.irradiance = 0;
    const parts = Math.ceil(stepMs / MAX_PART_MS);
    const partMs = stepMs / parts;
    for (let i = 0; i < parts; i++) this.#runPart(instant + i * partMs, partMs / 1000, 1 / parts);
  }

  #runPart(instant: number, stepS: number, weight: number): void {
    const { clock, weather, board } = this.#parts;
    const mean = this.#mean;
    clock.moveTo(instant);
    weather.step(instant, stepS);
    const clean = board.factor(this.#solarFault);
    const string1W = this.#strings[0].step(weather) * clean;
    const string2W = this.#strings[1].step(weather) * board.factor(this.#stringFault) * clean;
    const solarW = inverterAcW(string1W + string2W, HOME_INVERTER_W);
    const { temperatureC } = weather;
    const houseW =
      this.#household.step(instant, stepS, weather.sky.ghi) +
      this.#heatPump.step(stepS, temperatureC, clock.minute) +
      1000 * board.added(this.#loadFault);
    const vehicleW = this.#vehicle.step(instant, stepS, temperatureC);
    // The battery does not charge the car.
    const wantedW = this.#control.wantedW(instant, stepS, solarW - houseW);
    const batteryW = this.#battery.step(wantedW, stepS, 11 + 0.55 * temperatureC);
    mean.string1 += weight * string1W;
    mean.string2 += weight * string2W;
    mean.solar += weight * solarW;
    mean.load += weight * (houseW + vehicleW);
    mean.vehicle += weight * vehicleW;
    mean.battery += weight * batteryW;
    mean.irradiance += weight * weather.sky.ghi;
    this.#directV = this.#strings[0].voltageV();
  }

  #solarRow(instant: number, solarW: number): void {
    const table = this.#solarTable;
    if (!table.begin(0, instant)) return;
    const { string1, string2 } = this.#mean;
    table.set(0, solarW / 1000);
    table.set(1, string1 / 1000);
    table.set(2, string2 / 1000);
    table.set(3, this.#directV);
    table.set(4, this.#directV > 0 ? (string1 + string2) / this.#directV : 0);
    table.set(5, this.#values[this.#solarWh]! / 1000);
  }

  #count(place: number, watts: number, stepMs: number): void {
    this.#values[place] = this.#values[place]! + (watts * stepMs) / HOUR_MS;
  }
}

function solarTable(recorder: Recorder, device: string): GroupTable {
  return recorder.table(
    'solar',
    [
      ['power_kw', 0.001],
      ['string1_power_kw', 0.001],
      ['string2_power_kw', 0.001],
      ['voltage_v', 0.1],
      ['current_a', 0.1],
      ['energy_kwh', 0.1],
    ],
    [device],
  );
}

function batteryTable(recorder: Recorder, device: string): GroupTable {
  return recorder.table(
    'battery',
    [
      ['soc_percent', 0.1],
      ['soh_percent', 0.1],
      ['voltage_v', 0.1],
      ['current_a', 0.1],
      ['power_kw', 0.001],
      ['temperature_c', 0.1],
      ['energy_charged_kwh', 0.1],
      ['energy_discharged_kwh', 0.1],
    ],
    [device],
  );
}

function loadTable(recorder: Recorder, device: string): GroupTable {
  return recorder.table(
    'load',
    [
      ['power_kw', 0.001],
      ['energy_kwh', 0.01],
    ],
    [device],
  );
}
