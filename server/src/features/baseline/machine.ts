import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import { meterOf, noMeter } from '../kpi/meter.ts';

/** Looks up machines. */
export interface Machines {
  readonly devices: { require(idOrName: string): DeviceRecord };
  readonly queries: TelemetryQueries;
}

/** A device that reports its consumption. Throws NotFound. */
export function requireMachine({ devices, queries }: Machines, idOrName: string): DeviceRecord {
  const machine = devices.require(idOrName);
  if (meterOf(queries, machine.id) === null) throw noMeter(machine.name);
  return machine;
}
