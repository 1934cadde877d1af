import type { JobDefinition } from '../../jobs/job.ts';
import type { AnomalyService } from './service.ts';

/** Finds anomalies by itself. */
export function anomalyJob(anomalies: AnomalyService): JobDefinition {
  return {
    name: 'anomaly-detection',
    scope: 'write',
    title: 'Detect anomalies',
    description: 'Looks through the last three days of every machine, load and sensor for what is out of the ordinary.',
    schedule: '5 * * * *',
    run: ({ signal, progress }) => anomalies.detectAll(signal, progress),
  };
}
