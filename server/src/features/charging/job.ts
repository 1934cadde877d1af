import type { JobDefinition } from '../../jobs/job.ts';
import type { ChargingService } from './service.ts';

export function chargingJob(charging: ChargingService): JobDefinition {
  return {
    name: 'charging-sessions',
    scope: 'write',
    title: 'Charging sessions',
    description: 'Finds sessions of charging and discharging in the telemetry of batteries and vehicles.',
    schedule: '*/15 * * * *',
    run: async () => ({ sessions: await charging.detectRecent() }),
  };
}
