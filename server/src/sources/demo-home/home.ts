import type { Block } from '../../domain/batch.ts';
import { localTime } from '../../domain/site-time.ts';
import { HOUR_MS } from '../../domain/window.ts';
import { firstHousehold, type HouseholdState, stepHousehold } from './household.ts';
import { Random } from './random.ts';
import { Recorder } from './recorder.ts';
import { clearSky, FIRST_WEATHER, onPlane, outdoorTemperature, stepWeather, sunAt, type WeatherState } from './sky.ts';

/** The place: a house in Potsdam with two strings on its roof, a battery and an electric car. */
export const HOME_SITE = {
  name: 'Demo home',
  timezone: 'Europe/Berlin',
  currency: 'EUR',
  latitude: 52.4,
  longitude: 13.06,
  country: 'DE',
} as const;

export const HOME_DEVICES = [
  { key: 'inverter', name: 'Demo inverter', kind: 'inverter' },
  { key: 'battery', name: 'Demo battery', kind: 'battery' },
  { key: 'meter', name: 'Demo grid meter', kind: 'meter' },
  { key: 'house', name: 'Demo house', kind: 'meter' },
  { key: 'car', name: 'Demo wallbox', kind: 'charger' },
  { key: 'weather', name: 'Demo weather', kind: 'weather_station' },
  { key: 'prices', name: 'Demo prices', kind: 'tariff_feed' },
] as const;

const RADIANS = Math.PI / 180;
/** Peak power kW, azimuth from north and tilt of each string. */
const STRINGS = [
  { kwp: 3.9, azimuth: 140 * RADIANS, tilt: 35 * RADIANS },
  { kwp: 3.1, azimuth: 225 * RADIANS, tilt: 35 * RADIANS },
] as const;
const INVERTER_W = 6000;
const INVERTER_EFFICIENCY = 0.965;
/** Share of the power lost per °C of the cells above 25 °C (PVWatts). */
const CELL_LOSS_PER_C = 0.0035;
const BATTERY_KWH = 10;
const BATTERY_W = 5000;
/** Share of the AC energy that reaches the cells, and of the cells' that comes out. */
const ONE_WAY_EFFICIENCY = 0.96;
const SOC_LOW = 0.1;
/** Charge that winter nights fill up to from the grid. */
const NIGHT_SOC = 0.6;
const CAR_KWH = 58;
const CAR_W = 7200;
const CAR_GOAL = 0.8;
const QUARTER_MS = 15 * 60_000;

/** Plain data: everything that the next step depends on. */
export interface HomeState {
  now: number;
  random: number[];
  weather: WeatherState;
  household: HouseholdState;
  soc: number;
  cellsC: number;
  carSoc: number;
  carHome: boolean;
  priceNoise: number;
  /** Counters in kWh. */
  solar: number;
  charged: number;
  discharged: number;
  imported: number;
  exported: number;
  consumed: number;
  driven: number;
}

export function firstHome(start: number, seed: number): HomeState {
  return {
    now: start,
    random: new Random(seed).state(),
    weather: { ...FIRST_WEATHER },
    household: firstHousehold(),
    soc: 0.55,
    cellsC: 18,
    carSoc: 0.65,
    carHome: true,
    priceNoise: 0,
    solar: 4210.5,
    charged: 1204.2,
    discharged: 1098.7,
    imported: 2987.1,
    exported: 1875.4,
    consumed: 6120.9,
    driven: 1402.3,
  };
}

interface Local {
  hour: number;
  weekend: boolean;
  month: number;
}

/** A home with solar, battery and car. Power in W inside, so that the balance of the reported values holds exactly. */
export class Home {
  readonly #state: HomeState;
  readonly #random: Random;
  #localHour = Number.NaN;
  #local: Local = { hour: 0, weekend: false, month: 1 };
  readonly #solar = new Recorder('inverter', 'solar', {
    power_kw: 3,
    string1_power_kw: 3,
    string2_power_kw: 3,
    voltage_v: 1,
    current_a: 1,
    energy_kwh: 2,
  });
  readonly #battery = new Recorder('battery', 'battery', {
    soc_percent: 1,
    soh_percent: 1,
    voltage_v: 1,
    current_a: 1,
    power_kw: 3,
    temperature_c: 1,
    energy_charged_kwh: 2,
    energy_discharged_kwh: 2,
  });
  readonly #grid = new Recorder('meter', 'grid', {
    power_kw: 3,
    voltage_v: 1,
    frequency_hz: 2,
    energy_imported_kwh: 2,
    energy_exported_kwh: 2,
  });
  readonly #load = new Recorder('house', 'load', { power_kw: 3, energy_kwh: 2 });
  readonly #car = new Recorder('car', 'vehicle', { power_kw: 3, soc_percent: 0, energy_kwh: 2 });
  readonly #weather = new Recorder('weather', 'weather', {
    temperature_c: 1,
    humidity_percent: 0,
    irradiance_w_m2: 0,
    wind_speed_m_s: 1,
    cloud_cover_percent: 0,
  });
  readonly #price = new Recorder('prices', 'price', { import_per_kwh: 4, export_per_kwh: 4 });
  readonly #carbon = new Recorder('prices', 'carbon', { intensity_kg_per_kwh: 3 });

  constructor(state: HomeState) {
    this.#state = structuredClone(state);
    this.#random = new Random(state.random);
  }

  get now(): number {
    return this.#state.now;
  }

  state(): HomeState {
    return structuredClone({ ...this.#state, random: this.#random.state() });
  }

  /** Simulates from where it stands to `until` (not included). Rows stand at the start of their step. */
  advance(until: number, stepMs: number): Block[] {
    while (this.#state.now < until) {
      this.#step(stepMs);
      this.#state.now += stepMs;
    }
    const recorders = [
      this.#solar,
      this.#battery,
      this.#grid,
      this.#load,
      this.#car,
      this.#weather,
      this.#price,
      this.#carbon,
    ];
    return recorders.map((recorder) => recorder.take()).filter((block) => block !== null);
  }

  #step(stepMs: number): void {
    const state = this.#state;
    const { now, weather } = state;
    const local = this.#localAt(now);
    stepWeather(weather, stepMs, this.#random);
    const temperature = outdoorTemperature(now, HOME_SITE.longitude, weather);
    const sun = sunAt(now + stepMs / 2, HOME_SITE.latitude, HOME_SITE.longitude);
    const irradiance = clearSky(sun.sineAltitude) * weather.through;
    if (now % QUARTER_MS < stepMs) this.#recordPrice(local, sun.sineAltitude);

    const strings = STRINGS.map(({ kwp, azimuth, tilt }) => {
      const onCells = onPlane(irradiance, sun, tilt, azimuth);
      // Cell temperature: Faiman (2008), coefficients 25 and 6.84.
      const cells = temperature + onCells / (25 + 6.84 * weather.wind);
      return Math.round(kwp * onCells * (1 - CELL_LOSS_PER_C * (cells - 25)) * 0.96);
    });
    const [first, second] = strings as [number, number];
    const solarW = Math.min(Math.round((first + second) * INVERTER_EFFICIENCY), INVERTER_W);
    const dark = sun.sineAltitude < 0.03;
    const loadKw = stepHousehold(state.household, stepMs, { ...local, temperature, dark }, this.#random);
    const loadW = Math.round(loadKw * 1000);
    const carW = this.#driveOrCharge(local, stepMs, solarW - loadW);
    const batteryW = this.#runBattery(local, stepMs, solarW - loadW - carW, temperature);
    const gridW = loadW + carW + batteryW - solarW;
    this.#count(stepMs, { solarW, loadW, carW, batteryW, gridW });
    this.#record({ first, second, solarW, loadW, carW, batteryW, gridW });
    const humidity = Math.min(Math.max(88 - 1.4 * (temperature - 5) + 12 * weather.cloud, 25), 100);
    this.#weather.add(now, temperature, humidity, irradiance, weather.wind, weather.cloud * 100);
  }

  /** Power of the car's charger, W: it comes home in the evening, and charges on the sun's surplus or at night. */
  #driveOrCharge(local: Local, stepMs: number, surplusW: number): number {
    const state = this.#state;
    const away = local.weekend ? local.hour >= 11 && local.hour < 15 : local.hour >= 7.6 && local.hour < 17.2;
    if (away && state.carHome) {
      state.carHome = false;
      state.carSoc = Math.max(state.carSoc - this.#random.between(0.05, 0.2), 0.1);
    } else if (!away) state.carHome = true;
    if (!state.carHome || state.carSoc >= CAR_GOAL) return 0;
    const cheap = local.hour >= 1 && local.hour < 5;
    const wanted = cheap && state.carSoc < 0.5 ? CAR_W : surplusW > 1400 ? Math.min(surplusW, CAR_W) : 0;
    const power = Math.round(wanted);
    state.carSoc += (power / 1000) * (stepMs / HOUR_MS) * (0.92 / CAR_KWH);
    return power;
  }

  /** AC power of the battery, W (+ charge): it keeps the house off the grid, and on winter nights fills up while power is cheap. */
  #runBattery(local: Local, stepMs: number, surplusW: number, outdoorC: number): number {
    const state = this.#state;
    const hours = stepMs / HOUR_MS;
    const winterNight = (local.month <= 2 || local.month >= 11) && local.hour >= 2 && local.hour < 5;
    const wanted = winterNight && state.soc < NIGHT_SOC ? 2500 : surplusW;
    const roomW = ((1 - state.soc) * BATTERY_KWH * 1000) / ONE_WAY_EFFICIENCY / hours;
    const heldW = (Math.max(state.soc - SOC_LOW, 0) * BATTERY_KWH * 1000 * ONE_WAY_EFFICIENCY) / hours;
    // The charge tapers off above 95 %.
    const chargeLimit = Math.min(BATTERY_W * Math.min(1, (1.01 - state.soc) / 0.06), roomW);
    const idle = Math.abs(wanted) < 25;
    const power =
      idle || (winterNight && wanted < 0)
        ? 0
        : Math.trunc(Math.max(Math.min(wanted, chargeLimit), -Math.min(BATTERY_W, heldW)));
    const intoCells = power > 0 ? power * ONE_WAY_EFFICIENCY : power / ONE_WAY_EFFICIENCY;
    state.soc = Math.min(Math.max(state.soc + ((intoCells / 1000) * hours) / BATTERY_KWH, 0), 1);
    const cellarC = 14 + 0.25 * outdoorC;
    const keep = Math.exp(-hours / 2.5);
    state.cellsC = cellarC + (state.cellsC - cellarC) * keep + (1 - keep) * (power / BATTERY_W) ** 2 * 22;
    return power;
  }

  #count(stepMs: number, power: Readonly<Record<'solarW' | 'loadW' | 'carW' | 'batteryW' | 'gridW', number>>): void {
    const state = this.#state;
    const kwh = stepMs / HOUR_MS / 1000;
    state.solar += power.solarW * kwh;
    state.consumed += (power.loadW + power.carW) * kwh;
    state.driven += power.carW * kwh;
    state.charged += Math.max(power.batteryW, 0) * kwh;
    state.discharged += Math.max(-power.batteryW, 0) * kwh;
    state.imported += Math.max(power.gridW, 0) * kwh;
    state.exported += Math.max(-power.gridW, 0) * kwh;
  }

  #record(w: Readonly<Record<'first' | 'second' | 'solarW' | 'loadW' | 'carW' | 'batteryW' | 'gridW', number>>): void {
    const state = this.#state;
    const { now } = state;
    const stringsV = w.solarW > 0 ? 395 - 0.4 * state.cellsC + 8 * this.#random.normal() : 0;
    const amps = stringsV > 0 ? (w.first + w.second) / stringsV : 0;
    this.#solar.add(now, w.solarW / 1000, w.first / 1000, w.second / 1000, stringsV, amps, state.solar);
    const batteryV = 48.4 + 5.2 * state.soc + 0.0004 * w.batteryW;
    const health = 100 - (state.charged / BATTERY_KWH) * 0.0035;
    this.#battery.add(
      now,
      state.soc * 100,
      health,
      batteryV,
      w.batteryW / batteryV,
      w.batteryW / 1000,
      state.cellsC,
      state.charged,
      state.discharged,
    );
    const voltage = 232 - w.gridW * 0.0006 + 0.6 * this.#random.normal();
    const frequency = 50 + 0.018 * this.#random.normal();
    this.#grid.add(now, w.gridW / 1000, voltage, frequency, state.imported, state.exported);
    // The house meter sees the wallbox too.
    this.#load.add(now, (w.loadW + w.carW) / 1000, state.consumed);
    this.#car.add(now, w.carW / 1000, state.carSoc * 100, state.driven);
  }

  /** Day-ahead shape: dear in the morning and evening, cheap at night and at noon when the sun shines, at times below zero. */
  #recordPrice(local: Local, sineAltitude: number): void {
    const state = this.#state;
    const { hour } = local;
    state.priceNoise = 0.985 * state.priceNoise + 0.006 * this.#random.normal();
    const peak = (at: number, width: number) => Math.exp(-(((hour - at) / width) ** 2));
    const dip = Math.max(sineAltitude, 0) * (0.17 - 0.08 * state.weather.cloud);
    const market =
      0.083 + 0.055 * peak(7.8, 1.6) + 0.085 * peak(19, 2.1) - 0.03 * peak(3, 2.5) - dip + state.priceNoise;
    this.#price.add(state.now, Math.max(market * 1.19 + 0.172, 0.02), market);
    this.#carbon.add(state.now, Math.max(0.41 + 0.9 * (market - 0.085), 0.09));
  }

  #localAt(instant: number): Local {
    const hourStart = Math.floor(instant / HOUR_MS) * HOUR_MS;
    if (hourStart !== this.#localHour) {
      this.#localHour = hourStart;
      const { minuteOfDay, weekday, month } = localTime(hourStart, HOME_SITE.timezone);
      this.#local = { hour: minuteOfDay / 60, weekend: weekday > 5, month };
    }
    return { ...this.#local, hour: this.#local.hour + (instant - hourStart) / HOUR_MS };
  }
}
