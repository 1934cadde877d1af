import { cosIncidence, type Plane, planeOfArray } from '../../../domain/time/sun.ts';
import type { Weather } from './weather.ts';

/** A string of modules that face one way. */
export interface StringOptions extends Plane {
  readonly peakKw: number;
  /** Voltage at the maximum power point, 25 °C. */
  readonly voltageV: number;
}

/** Power per kelvin of crystalline silicon. */
const POWER_PER_K = -0.0036;
const VOLTAGE_PER_K = -0.0029;
/** Soiling, mismatch, wiring, connections, light-induced degradation, age (NREL/TP-6A20-62641, table 6). */
const LOSSES = 0.11;

/** Power of one string in W, with its plane's irradiance and its cells' temperature. */
export class SolarString {
  readonly options: StringOptions;
  irradianceWM2 = 0;
  cellC = 0;
  powerW = 0;

  constructor(options: StringOptions) {
    this.options = options;
  }

  step(weather: Weather): number {
    const { sun, sky } = weather;
    if (sky.ghi <= 0) {
      this.irradianceWM2 = 0;
      this.powerW = 0;
      this.cellC = weather.temperatureC;
      return 0;
    }
    const plane = this.options;
    this.irradianceWM2 = planeOfArray(sun, sky, plane);
    // Glass reflects beam that comes in flat: ASHRAE 93-77's incidence modifier with b0 = 0.05.
    const incidence = Math.max(0.05, cosIncidence(sun, plane));
    const lost = sky.dni * Math.max(0, incidence) * Math.min(1, 0.05 * (1 / incidence - 1));
    const absorbed = Math.max(0, this.irradianceWM2 - lost);
    // Faiman, Prog. Photovolt. 16 (2008) 307: u0 = 25 W/m²K, u1 = 6.84 Ws/m³K.
    this.cellC = weather.temperatureC + this.irradianceWM2 / (25 + 6.84 * 0.6 * weather.windMS);
    const factor = (1 + POWER_PER_K * (this.cellC - 25)) * (1 - LOSSES);
    this.powerW = absorbed * plane.peakKw * factor;
    return this.powerW;
  }

  /** Voltage at the maximum power point: falls with warmth, rises a little with light; 0 in the dark. */
  voltageV(): number {
    if (this.powerW < 2) return 0;
    const light = 0.025 * Math.log(Math.max(this.irradianceWM2, 5) / 1000);
    return this.options.voltageV * (1 + VOLTAGE_PER_K * (this.cellC - 25) + light);
  }
}

/**
 * AC power of an inverter, W (PVWatts version 5, NREL/TP-6A20-62641, eq. 9–12): efficiency by load, and never beyond its limit.
 * @param directW power of its strings
 * @param limitW greatest AC power
 */
export function inverterAcW(directW: number, limitW: number): number {
  const nominal = 0.965;
  const limitDirectW = limitW / nominal;
  const load = directW / limitDirectW;
  if (load < 0.004) return 0;
  const efficiency = (nominal / 0.9637) * (-0.0162 * load - 0.0059 / load + 0.9858);
  return Math.max(0, Math.min(limitW, directW * efficiency));
}
