import type { JobDefinition } from '../../jobs/job.ts';
import type { ForecastService } from './service.ts';

/** Jobs that keep forecasts current, and the choice of models up to date with changing loads. */
export function forecastJobs(forecasts: ForecastService): JobDefinition[] {
  return [
    {
      name: 'forecast-refresh',
      scope: 'write',
      title: 'Refresh forecasts',
      description: 'Forecasts the load of every site and machine for an hour, a day and a week.',
      schedule: '10 * * * *',
      run: ({ signal, progress }) => forecasts.refreshAll(signal, progress),
    },
    {
      name: 'forecast-backtest',
      scope: 'write',
      title: 'Back-test forecasts',
      description:
        'Compares the forecasts of every model with the measured values, and chooses the best one for each load.',
      schedule: '20 3 * * *',
      run: ({ signal, progress }) => forecasts.backtestAll(signal, progress),
    },
  ];
}
