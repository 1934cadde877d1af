import type { PriceOptions } from '../day-ahead.ts';
import type { BatteryOptions } from './battery.ts';
import type { StringOptions } from './solar-array.ts';

/** Two roofs: one to the south-south-east, one to the west-south-west. */
export const HOME_STRINGS: readonly [StringOptions, StringOptions] = [
  { peakKw: 4.7, tiltDeg: 38, azimuthDeg: 165, voltageV: 372 },
  { peakKw: 3.5, tiltDeg: 38, azimuthDeg: 255, voltageV: 279 },
];
export const HOME_INVERTER_W = 8000;

export const HOME_BATTERY: BatteryOptions = {
  capacityKwh: 10.24,
  cells: 16,
  maxChargeW: 5000,
  maxDischargeW: 5000,
  converterEfficiency: 0.965,
  cellEfficiency: 0.985,
  standbyW: 8,
  rescueW: 250,
  minSoc: 0.1,
  maxSoc: 1,
  resistanceOhm: 0.014,
  heatCapacityWhPerK: 28,
  coolingWPerK: 9,
  initialSoc: 0.45,
  initialSohPercent: 97.2,
  initialChargedKwh: 4870,
};

export const HOME_PRICES: PriceOptions = {
  winterPerKwh: 0.102,
  summerPerKwh: 0.074,
  surchargePerKwh: 0.108,
  vat: 0.21,
  exportFeePerKwh: 0.004,
  slotMinutes: 60,
};
