import type { Device } from '@wattkeeper/contract/device.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { LatestAnswer } from '@wattkeeper/contract/telemetry.ts';

/** Power of a site at one moment in kW; null where nothing measures it. Signs as everywhere: grid + import, battery + charge. */
export interface SitePower {
  readonly solar: number | null;
  readonly battery: number | null;
  readonly grid: number | null;
  readonly load: number | null;
  readonly vehicle: number | null;
  /** State of charge in percent, the mean of all batteries. */
  readonly batterySoc: number | null;
  readonly vehicleSoc: number | null;
  readonly machines: readonly ConsumerPower[];
  /** Other consumers with a meter of their own, such as a building's services. */
  readonly otherConsumers: readonly ConsumerPower[];
  /** Devices that no longer report while others do: their values are left out. */
  readonly silent: readonly SilentDevice[];
  /** Epoch milliseconds of the newest of these values; null when there is none. */
  readonly at: number | null;
}

export interface SilentDevice {
  readonly deviceId: string;
  readonly name: string;
  /** Newest reading, epoch milliseconds. */
  readonly at: number;
}

export interface ConsumerPower {
  readonly deviceId: string;
  readonly name: string;
  readonly power: number;
}

const SHOWN = {
  solar: 'solar.power_kw',
  battery: 'battery.power_kw',
  grid: 'grid.power_kw',
  load: 'load.power_kw',
  vehicle: 'vehicle.power_kw',
  batterySoc: 'battery.soc_percent',
  vehicleSoc: 'vehicle.soc_percent',
} as const;
const CONSUMER_POWER = 'energy.power_kw';
const ALL_METRICS = [...Object.values(SHOWN), CONSUMER_POWER];

/** A device without a declared rhythm is silent after this time, as it is stale in the API. */
const SILENT_MS = 15 * MINUTE_MS;
const MIN_SILENT_MS = MINUTE_MS;
const INTERVALS_OF_SILENCE = 5;

/**
 * The site's power, added up over its devices. Load that nothing measures is what solar, grid and battery leave. A device that is silent
 * counts no longer while others report; when all are silent, the last values stay.
 *
 * @param now epoch milliseconds
 */
export function sitePower(latest: LatestAnswer, devices: readonly Device[], now: number): SitePower {
  const byId = new Map(devices.map((device) => [device.id, device]));
  const shown = latest.items.flatMap((item) => {
    const device = byId.get(item.device_id);
    const at = Math.max(
      ...ALL_METRICS.flatMap((metric) => Date.parse(ownValue(item.values, metric)?.timestamp ?? '') || []),
    );
    return device?.status === 'retired' || at === Number.NEGATIVE_INFINITY ? [] : [{ item, device, at }];
  });
  const fresh = shown.filter(({ device, at }) => now - at <= silenceOf(device));
  const counted = fresh.length > 0 ? fresh : shown;
  const values = (metric: string) => counted.flatMap(({ item }) => ownValue(item.values, metric)?.value ?? []);
  const consumers = (isMachine: boolean) =>
    counted
      .filter(({ device }) => (device?.kind === 'machine') === isMachine)
      .flatMap(({ item }): ConsumerPower[] => {
        const power = ownValue(item.values, CONSUMER_POWER)?.value;
        return power === undefined ? [] : [{ deviceId: item.device_id, name: item.device_name, power }];
      })
      .sort((a, b) => b.power - a.power);
  const solar = total(values(SHOWN.solar));
  const battery = total(values(SHOWN.battery));
  const grid = total(values(SHOWN.grid));
  const balance = grid === null ? null : Math.max(0, (solar ?? 0) + grid - (battery ?? 0));
  return {
    solar,
    battery,
    grid,
    load: total(values(SHOWN.load)) ?? balance,
    vehicle: total(values(SHOWN.vehicle)),
    batterySoc: mean(values(SHOWN.batterySoc)),
    vehicleSoc: mean(values(SHOWN.vehicleSoc)),
    machines: consumers(true),
    otherConsumers: consumers(false),
    silent: shown
      .filter((one) => !counted.includes(one))
      .map(({ item, at }) => ({ deviceId: item.device_id, name: item.device_name, at })),
    at: counted.length > 0 ? Math.max(...counted.map(({ at }) => at)) : null,
  };
}

/** After this time without a reading a device is silent, ms. */
function silenceOf(device: Device | undefined): number {
  if (device?.holds_s) return device.holds_s * 1000;
  if (device?.expected_interval_s)
    return Math.max(MIN_SILENT_MS, INTERVALS_OF_SILENCE * 1000 * device.expected_interval_s);
  return SILENT_MS;
}

export type FlowEnd = 'solar' | 'battery' | 'grid' | 'load' | 'vehicle';

export interface Flow {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  /** Above zero. */
  readonly power: number;
}

/** Below this a flow is the noise of a meter, not energy that moves. */
const MIN_FLOW_KW = 0.005;

/**
 * Who feeds whom. Kirchhoff leaves the split open; it is drawn as the balance of the server counts it: the sun serves the load first, then
 * the battery, then the grid; the battery serves what load is left, then the grid; the grid the rest.
 */
export function flowsOf(power: SitePower): Flow[] {
  const source = {
    solar: positive(power.solar),
    battery: positive(negated(power.battery)),
    grid: positive(power.grid),
  };
  const sink = { load: positive(power.load), battery: positive(power.battery), grid: positive(negated(power.grid)) };
  const flows: Flow[] = [];
  const route = (from: keyof typeof source, to: keyof typeof sink) => {
    const moved = Math.min(source[from], sink[to]);
    if (moved < MIN_FLOW_KW) return;
    source[from] -= moved;
    sink[to] -= moved;
    flows.push({ from, to, power: moved });
  };
  route('solar', 'load');
  route('solar', 'battery');
  route('solar', 'grid');
  route('battery', 'load');
  route('battery', 'grid');
  route('grid', 'load');
  route('grid', 'battery');
  const vehicle = power.vehicle ?? 0;
  if (vehicle >= MIN_FLOW_KW) flows.push({ from: 'load', to: 'vehicle', power: vehicle });
  if (vehicle <= -MIN_FLOW_KW) flows.push({ from: 'vehicle', to: 'load', power: -vehicle });
  return flows;
}

/** Where the load's power comes from, as shares of it. */
export function loadShares(flows: readonly Flow[]): { from: FlowEnd; share: number }[] {
  const feeding = flows.filter((flow) => flow.to === 'load');
  const all = feeding.reduce((sum, flow) => sum + flow.power, 0);
  return all === 0 ? [] : feeding.map(({ from, power }) => ({ from, share: power / all }));
}

function total(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function mean(values: readonly number[]): number | null {
  const sum = total(values);
  return sum === null ? null : sum / values.length;
}

function negated(value: number | null): number | null {
  return value === null ? null : -value;
}

function positive(value: number | null): number {
  return Math.max(0, value ?? 0);
}
