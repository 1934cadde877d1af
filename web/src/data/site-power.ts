import type { Device } from '@wattkeeper/contract/device.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { LatestAnswer } from '@wattkeeper/contract/telemetry.ts';

/** Power of a site at one instant, kW; null without a measurement. Signs: grid + import, battery + charge. */
export interface SitePower {
  readonly solar: number | null;
  readonly battery: number | null;
  readonly grid: number | null;
  readonly load: number | null;
  readonly vehicle: number | null;
  /** Mean state of charge of all batteries, percent. */
  readonly batterySoc: number | null;
  readonly vehicleSoc: number | null;
  readonly machines: readonly ConsumerPower[];
  /** Other metered consumers, such as building services. */
  readonly otherConsumers: readonly ConsumerPower[];
  /** Devices that no longer report while others do; their values are excluded. */
  readonly silent: readonly SilentDevice[];
  /** Epoch milliseconds of the newest value; null without values. */
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

/** A device without a declared interval is silent after this time, when the API marks it as stale. */
const SILENT_MS = 15 * MINUTE_MS;
const MIN_SILENT_MS = MINUTE_MS;
const INTERVALS_OF_SILENCE = 5;

/**
 * The site's power, summed over its devices. An unmetered load is the balance of solar, grid and battery. A device that is silent
 * is excluded while others report; when all are silent, the last values remain.
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

/** A smaller flow is noise of a meter. */
const MIN_FLOW_KW = 0.005;

/**
 * The flows between sources and sinks. Kirchhoff's laws do not determine the split; it follows the server's energy balance: solar supplies the load, then
 * the battery, then the grid; the battery supplies the remaining load, then the grid; the grid supplies the remainder.
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

/** Sources of the load's power, as shares. */
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
