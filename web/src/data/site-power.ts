import type { Device } from '@wattkeeper/contract/device.ts';
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
  readonly machines: readonly MachinePower[];
  /** Epoch milliseconds of the newest of these values; null when there is none. */
  readonly at: number | null;
}

export interface MachinePower {
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
const MACHINE_POWER = 'energy.power_kw';

/** The site's power, added up over its devices. Load that nothing measures is what solar, grid and battery leave. */
export function sitePower(latest: LatestAnswer, devices: readonly Device[]): SitePower {
  const kinds = new Map(devices.map((device) => [device.id, device.kind]));
  const retired = new Set(devices.filter(({ status }) => status === 'retired').map(({ id }) => id));
  const items = latest.items.filter(({ device_id }) => !retired.has(device_id));
  const column = (metric: string) => items.flatMap(({ values }) => ownValue(values, metric) ?? []);
  const values = (metric: string) => column(metric).map(({ value }) => value);
  const machines = items
    .filter((item) => kinds.get(item.device_id) === 'machine')
    .flatMap(({ device_id, device_name, values: { [MACHINE_POWER]: power } }) =>
      power ? [{ deviceId: device_id, name: device_name, power: power.value }] : [],
    )
    .sort((a, b) => b.power - a.power);
  const times = [...Object.values(SHOWN), MACHINE_POWER].flatMap(column).map(({ timestamp }) => Date.parse(timestamp));
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
    machines,
    at: times.length > 0 ? Math.max(...times) : null,
  };
}

export type FlowEnd = 'solar' | 'battery' | 'grid' | 'load' | 'vehicle';

export interface Flow {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  /** Above zero. */
  readonly power: number;
}

/** Below this a flow is the noise of a meter, not energy that moves. */
const FLOW_LEAST_KW = 0.005;

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
    if (moved < FLOW_LEAST_KW) return;
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
  if (vehicle >= FLOW_LEAST_KW) flows.push({ from: 'load', to: 'vehicle', power: vehicle });
  if (vehicle <= -FLOW_LEAST_KW) flows.push({ from: 'vehicle', to: 'load', power: -vehicle });
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
