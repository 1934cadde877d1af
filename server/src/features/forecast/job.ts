import type { JobDefinition } from '../../jobs/job.ts';
import type { ForecastService } from './service.ts';

/** Forecasts that are at hand when someone looks, and models that keep up with how loads change. */
export function forecastJobs(forecasts: ForecastService): JobDefinition[] {
  return [
    {
      name: 'forecast-refresh',
      scope: 'write',
      title: 'Refresh forecasts',
      description: 'Foretells the load of every site and machine anew for an hour, a day and a week.',
      schedule: '10 * * * *',
      run: ({ signal, progress }) => forecasts.refreshAll(signal, progress),
    },
    {
      name: 'forecast-backtest',
      scope: 'write',
      title: 'Back-test forecasts',
      description: 'Holds every model against what came, and lets the best one serve each load.',
      schedule: '20 3 * * *',
      run: ({ signal, progress }) => forecasts.backtestAll(signal, progress),
    },
  ];
}
