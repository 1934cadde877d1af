import { NotFound } from '../../domain/errors.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';
import { metersEnergy } from '../kpi/machine-energy.ts';

/** Where machines are found. */
export interface Machines {
  readonly devices: { require(idOrName: string): DeviceRecord };
  readonly queries: TelemetryQueries;
}

/** A device that meters energy. Throws NotFound. */
export function requireMachine({ devices, queries }: Machines, idOrName: string): DeviceRecord {
  const machine = devices.require(idOrName);
  if (metersEnergy(queries, machine.id)) return machine;
  throw new NotFound(`${machine.name} meters no energy: GET /api/v1/machines lists machines`);
}
