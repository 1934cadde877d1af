import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import {
  clearSky,
  diffuseFraction,
  type Irradiance,
  refractionDeg,
  type SunPosition,
  sunPosition,
} from '../../../domain/time/sun.ts';
import type { Memory } from '../memory.ts';
import { correlatedNormal, hash, Random, Wander } from '../random.ts';

/** Location and climate of a site. */
export interface Climate {
  readonly latitude: number;
  readonly longitude: number;
  readonly altitudeM: number;
  /** Annual mean temperature, °C. */
  readonly meanC: number;
  /** Half the difference between the coldest and the warmest time of the year, K. */
  readonly seasonK: number;
  /** Half the difference between afternoon and dawn under a clear summer sky, K. */
  readonly dayK: number;
  /** Standard deviation of a day's mean from the seasonal mean, K. */
  readonly strayK: number;
  /** Cloudiness in winter and in summer: 0 covers half the sky on an average day, 1 most of it, −1 little. */
  readonly cloudyWinter: number;
  readonly cloudySummer: number;
  /** Linke turbidity in winter and in summer. */
  readonly turbidityWinter: number;
  readonly turbiditySummer: number;
  readonly windMS: number;
}

const DAYS_A_YEAR = 365.2425;
/** The coldest day of the year in the northern hemisphere: 20 January. */
const COLDEST_DAY = 19;

interface DayWeather {
  /** Standard normal variables: clouds, deviation from the seasonal temperature, wind. */
  readonly cloud: number;
  readonly warmth: number;
  readonly wind: number;
}

/**
 * The weather at a site. Daily conditions depend on seed and date alone, so that forecasts can look ahead; hourly and minute conditions
 * come from stepped processes. The cloud cover drifts over hours; the sun alternates between covered and clear with the mean durations of
 * a broken sky, and a cloud edge takes about a minute to pass.
 */
export class Weather {
  readonly climate: Climate;
  readonly sun: SunPosition = { zenithDeg: 0, azimuthDeg: 0, extraterrestrialWM2: 0 };
  readonly sky: Irradiance = { ghi: 0, dni: 0, dhi: 0 };
  temperatureC = 0;
  humidityPercent = 0;
  windMS = 0;
  /** 0–1. */
  cloudCover = 0;

  readonly #seed: number;
  readonly #random: Random;
  readonly #coverDrift: Wander;
  readonly #thickness: Wander;
  readonly #air: Wander;
  readonly #gustSlow: Wander;
  readonly #gustFast: Wander;
  readonly #moisture: Wander;
  readonly #values: Float64Array;
  readonly #isCovered: number;
  readonly #coveredPart: number;
  #noonDay = Number.NaN;
  #before: DayWeather = { cloud: 0, warmth: 0, wind: 0 };
  #after: DayWeather = { cloud: 0, warmth: 0, wind: 0 };

  constructor(climate: Climate, seed: number, memory: Memory) {
    this.climate = climate;
    this.#seed = seed;
    this.#values = memory.values;
    this.#random = new Random(hash(seed, 'weather'), memory);
    this.#coverDrift = new Wander(memory, this.#random, 0.55, 2.5 * 3600);
    this.#thickness = new Wander(memory, this.#random, 1, 1.5 * 3600);
    this.#air = new Wander(memory, this.#random, 0.35, 1500);
    this.#gustSlow = new Wander(memory, this.#random, 0.3, 3600);
    this.#gustFast = new Wander(memory, this.#random, 0.22, 90);
    this.#moisture = new Wander(memory, this.#random, 2, 3600);
    this.#isCovered = memory.take(0);
    this.#coveredPart = memory.take(0);
  }

  /** Advances by `stepS` seconds to `instant`. */
  step(instant: number, stepS: number): void {
    const solarDays = instant / UTC_DAY_MS + this.climate.longitude / 360;
    this.#turnDay(solarDays);
    const blend = solarDays - 0.5 - this.#noonDay;
    const season = this.season(instant);
    this.#stepClouds(mix(this.#before.cloud, this.#after.cloud, blend), season, stepS);
    this.#stepSky(instant, season);
    this.#stepAir(solarDays, blend, season, stepS);
    const gusts = this.#gustSlow.step(stepS) + this.#gustFast.step(stepS);
    const afternoon = 0.25 * Math.cos(2 * Math.PI * (solarDays - 14 / 24));
    this.windMS =
      this.climate.windMS * Math.exp(0.42 * mix(this.#before.wind, this.#after.wind, blend) + gusts - 0.1 + afternoon);
  }

  /** Mean cloud cover of a day, 0–1, as in a perfect forecast. */
  coverOf(dayNumber: number): number {
    const instant = dayNumber * UTC_DAY_MS;
    return cover(this.#cloudOf(dayNumber), this.#cloudiness(this.season(instant)));
  }

  /** Windiness of a day: a standard normal variable. */
  windOf(dayNumber: number): number {
    return correlatedNormal(0.55, this.#seed, 'wind', dayNumber);
  }

  /** Season: −1 in midwinter, 1 in midsummer. */
  season(instant: number): number {
    const north = -Math.cos((2 * Math.PI * (instant / UTC_DAY_MS - COLDEST_DAY)) / DAYS_A_YEAR);
    return this.climate.latitude >= 0 ? north : -north;
  }

  #turnDay(solarDays: number): void {
    const noonDay = Math.floor(solarDays - 0.5);
    if (noonDay === this.#noonDay) return;
    this.#before = noonDay === this.#noonDay + 1 ? this.#after : this.#draw(noonDay);
    this.#after = this.#draw(noonDay + 1);
    this.#noonDay = noonDay;
  }

  #draw(dayNumber: number): DayWeather {
    return {
      cloud: this.#cloudOf(dayNumber),
      warmth: correlatedNormal(0.78, this.#seed, 'warmth', dayNumber),
      wind: this.windOf(dayNumber),
    };
  }

  #cloudOf(dayNumber: number): number {
    return correlatedNormal(0.5, this.#seed, 'cloud', dayNumber);
  }

  #cloudiness(season: number): number {
    return mix(this.climate.cloudyWinter, this.climate.cloudySummer, (season + 1) / 2);
  }

  #stepClouds(dayCloud: number, season: number, stepS: number): void {
    const values = this.#values;
    this.cloudCover = cover(dayCloud + this.#coverDrift.step(stepS), this.#cloudiness(season));
    this.#thickness.step(stepS);
    // A cloud and the gap that follows it take about a quarter of an hour to pass.
    const coveredShare = this.cloudCover ** 1.2;
    const covered = values[this.#isCovered] === 1;
    const meanS =
      25 + 850 * (covered ? coveredShare / (1.03 - coveredShare) : (1 - coveredShare) / (coveredShare + 0.03));
    if (this.#random.uniform() < 1 - Math.exp(-stepS / meanS)) values[this.#isCovered] = covered ? 0 : 1;
    const part = values[this.#coveredPart]!;
    values[this.#coveredPart] = part + (values[this.#isCovered]! - part) * (1 - Math.exp(-stepS / 35));
  }

  /** Clouds reduce the clear-sky global irradiance; its diffuse fraction follows Erbs under clouds and the clear-sky model otherwise. */
  #stepSky(instant: number, season: number): void {
    const { latitude, longitude, altitudeM, turbidityWinter, turbiditySummer } = this.climate;
    sunPosition(instant, latitude, longitude, this.sun);
    const sky = clearSky(this.sun, altitudeM, mix(turbidityWinter, turbiditySummer, (season + 1) / 2), this.sky);
    if (sky.ghi <= 0) return;
    const part = this.#values[this.#coveredPart]!;
    // Clouds are thick at high cover; bright cloud edges increase the irradiance of the open sky (cloud enhancement).
    const through = Math.min(0.75, Math.max(0.06, 0.52 - 0.3 * this.cloudCover ** 2 + 0.11 * this.#thickness.value));
    const open = 1 + 0.22 * this.cloudCover * (1 - this.cloudCover);
    const index = part * through + (1 - part) * open;
    const elevationDeg = 90 - this.sun.zenithDeg;
    const cosZenith = Math.sin(((elevationDeg + refractionDeg(elevationDeg)) * Math.PI) / 180);
    const clearShare = sky.dhi / sky.ghi;
    sky.ghi *= index;
    const cloudyShare = diffuseFraction(sky.ghi / (this.sun.extraterrestrialWM2 * cosZenith));
    const share = mix(Math.max(cloudyShare, clearShare), clearShare, Math.min(1, Math.max(0, (index - 0.5) / 0.45)));
    sky.dhi = sky.ghi * share;
    sky.dni = (sky.ghi - sky.dhi) / cosZenith;
  }

  #stepAir(solarDays: number, blend: number, season: number, stepS: number): void {
    const { meanC, seasonK, dayK, strayK } = this.climate;
    const clear = 1 - this.cloudCover;
    const anomaly = strayK * mix(this.#before.warmth, this.#after.warmth, blend);
    const dayCover = cover(mix(this.#before.cloud, this.#after.cloud, blend), this.#cloudiness(season));
    // Clear days are warmer in summer and colder in winter.
    const dayMean = meanC + seasonK * season + anomaly + 2.5 * season * (0.5 - dayCover);
    const swing = dayK * (0.55 + 0.45 * season) * (0.3 + 0.7 * (1 - dayCover)) + 0.6;
    const phase = 2 * Math.PI * (solarDays - 15 / 24);
    this.temperatureC =
      dayMean +
      swing * (Math.cos(phase) + 0.18 * Math.cos(2 * phase + 0.6)) +
      this.#air.step(stepS) +
      0.3 * clear -
      0.15;
    const dewPointC = dayMean - 2.5 - 3.5 * (1 - dayCover) - 1.5 * season;
    const humidity = 100 * Math.exp(magnus(dewPointC) - magnus(this.temperatureC)) + this.#moisture.step(stepS);
    this.humidityPercent = Math.min(100, Math.max(12, humidity));
  }
}

/** Exponent of the saturation pressure of water by Magnus (Alduchov and Eskridge, J. Appl. Meteorol. 35 (1996) 601). */
function magnus(temperatureC: number): number {
  return (17.625 * temperatureC) / (243.04 + temperatureC);
}

/** A steep function, so that clear and overcast days are more frequent than partly cloudy ones. */
function cover(cloud: number, cloudiness: number): number {
  return 1 / (1 + Math.exp(-2.1 * (cloud + cloudiness)));
}

function mix(a: number, b: number, weight: number): number {
  return a + (b - a) * weight;
}
