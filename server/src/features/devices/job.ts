import type { JobDefinition } from '../../jobs/job.ts';
import type { DeviceRemovals } from './removals.ts';

export const REMOVAL_JOB = 'device-removal';

export function deviceRemovalJob(removals: DeviceRemovals): JobDefinition {
  return {
    name: REMOVAL_JOB,
    scope: 'admin',
    title: 'Device removal',
    description: 'Deletes the readings of deleted devices from every store, from the archive and from quarantine.',
    schedule: '*/5 * * * *',
    atStart: true,
    enabled: () => removals.hasOpen,
    run: (work) => removals.deleteReadings(work),
  };
}
