import { cosIncidence, type Plane, planeOfArray } from '../../../domain/time/sun.ts';
import type { Weather } from './weather.ts';

/** A string of modules with one orientation. */
export interface StringOptions extends Plane {
  readonly peakKw: number;
  /** Voltage at the maximum power point, 25 °C. */
  readonly voltageV: number;
}

/** Temperature coefficients of crystalline silicon, per kelvin. */
const POWER_PER_K = -0.0036;
const VOLTAGE_PER_K = -0.0029;
/** Soiling, mismatch, wiring, connections, light-induced degradation, age (NREL/TP-6A20-62641, table 6). */
const LOSSES = 0.11;

/** Computes the power of one string in W from the plane-of-array irradiance and the cell temperature. */
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
    // Glass reflects beam irradiance at shallow angles: ASHRAE 93-77 incidence angle modifier with b0 = 0.05.
    const incidence = Math.max(0.05, cosIncidence(sun, plane));
    const lost = sky.dni * Math.max(0, incidence) * Math.min(1, 0.05 * (1 / incidence - 1));
    const absorbed = Math.max(0, this.irradianceWM2 - lost);
    // Faiman, Prog. Photovolt. 16 (2008) 307: u0 = 25 W/m²K, u1 = 6.84 Ws/m³K.
    this.cellC = weather.temperatureC + this.irradianceWM2 / (25 + 6.84 * 0.6 * weather.windMS);
    const factor = (1 + POWER_PER_K * (this.cellC - 25)) * (1 - LOSSES);
    this.powerW = absorbed * plane.peakKw * factor;
    return this.powerW;
  }

  /** Voltage at the maximum power point: decreases with temperature, increases slightly with irradiance; 0 in the dark. */
  voltageV(): number {
    if (this.powerW < 2) return 0;
    const light = 0.025 * Math.log(Math.max(this.irradianceWM2, 5) / 1000);
    return this.options.voltageV * (1 + VOLTAGE_PER_K * (this.cellC - 25) + light);
  }
}

/**
 * AC power of an inverter, W (PVWatts version 5, NREL/TP-6A20-62641, eq. 9–12): efficiency depends on load; the power is capped at the
 * inverter's limit.
 * @param directW DC power of its strings
 * @param limitW maximum AC power
 */
export function inverterAcW(directW: number, limitW: number): number {
  const nominal = 0.965;
  const limitDirectW = limitW / nominal;
  const load = directW / limitDirectW;
  if (load < 0.004) return 0;
  const efficiency = (nominal / 0.9637) * (-0.0162 * load - 0.0059 / load + 0.9858);
  return Math.max(0, Math.min(limitW, directW * efficiency));
}
