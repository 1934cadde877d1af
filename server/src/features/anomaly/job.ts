import type { JobDefinition } from '../../jobs/job.ts';
import type { AnomalyService } from './service.ts';

/** Finds anomalies automatically. */
export function anomalyJob(anomalies: AnomalyService): JobDefinition {
  return {
    name: 'anomaly-detection',
    scope: 'write',
    title: 'Detect anomalies',
    description:
      'Examines the last three days of every machine, load and sensor for anomalies, and up to a year of history once there is enough reference data.',
    schedule: '5 * * * *',
    run: ({ signal, progress }) => anomalies.detectAll(signal, progress),
  };
}
