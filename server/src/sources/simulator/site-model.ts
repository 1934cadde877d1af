import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import type { Climate, Weather } from './equipment/weather.ts';
import type { FaultBoard, FaultRule } from './faults.ts';
import type { Memory } from './memory.ts';
import type { Recorder } from './recorder.ts';
import type { SiteClock } from './site-clock.ts';

export interface SimulatedDevice {
  /** Key of the device in blocks and faults. */
  readonly key: string;
  readonly name: string;
  readonly kind: DeviceKind;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SimulatedSite {
  readonly name: string;
  /** IANA name. */
  readonly timezone: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly latitude: number;
  readonly longitude: number;
  /** ISO 3166. */
  readonly country: string;
  /** A suitable tariff. */
  readonly tariff: TariffTerms;
}

/** The inputs of a model. */
export interface ModelParts {
  readonly seed: number;
  readonly site: SimulatedSite;
  readonly clock: SiteClock;
  readonly weather: Weather;
  readonly memory: Memory;
  readonly board: FaultBoard;
  readonly recorder: Recorder;
}

/**
 * The physics of a site. The time of a row is the start of its step: powers are means over [instant, instant + stepMs), counts are those
 * of the step, and counters, temperatures and states of charge are values at `instant`. So counter(next row) − counter(row) = power(row)
 * · step.
 */
export interface SiteModel {
  row(instant: number, stepMs: number): void;
}

/** A kind of site: its data and the function that builds its model. */
export interface Profile {
  readonly site: SimulatedSite;
  readonly devices: readonly SimulatedDevice[];
  readonly climate: Omit<Climate, 'latitude' | 'longitude'>;
  readonly faultRules: readonly FaultRule[];
  /** Random faults per day, for a demonstration. */
  readonly faultsPerDay: number;
  build(parts: ModelParts): SiteModel;
}

/** Maximum step of the physics; longer rows are means of several steps. */
export const MAX_PART_MS = MINUTE_MS;
