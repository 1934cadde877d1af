import {
  DemandForecast,
  DemandQuery,
  ForecastAccuracy,
  OptimalSchedule,
  OptimalScheduleQuery,
  OptimalScheduleRequest,
  PeakForecast,
  SolarForecast,
  SolarQuery,
} from '@wattkeeper/contract/analytics/forecast.ts';
import type { Api } from '../../http/api.ts';
import type { ScheduleService } from './schedule/service.ts';
import type { ForecastService } from './service.ts';
import type { SolarForecastService } from './solar/service.ts';

export interface ForecastServices {
  readonly demand: ForecastService;
  readonly solar: SolarForecastService;
  readonly schedules: ScheduleService;
}

/** `/forecast/demand`, `/forecast/peak`, `/forecast/accuracy`, `/forecast/solar`, `/forecast/optimal-schedule`. */
export function forecastRoutes(api: Api, { demand, solar, schedules }: ForecastServices): void {
  const options = <Q, R>(summary: string, querystring: Q, response: R) => ({
    schema: { tags: ['forecast'], summary, querystring, response: { 200: response } },
    config: { scope: 'read' as const },
  });
  api.get(
    '/forecast/demand',
    options('Forecast of the power, with confidence bands', DemandQuery, DemandForecast),
    async ({ query }) => demand.demand(query),
  );
  api.get('/forecast/peak', options('Forecast of the greatest power', DemandQuery, PeakForecast), async ({ query }) =>
    demand.peak(query),
  );
  api.get(
    '/forecast/accuracy',
    options('Accuracy of forecasts in back-tests, by model', DemandQuery, ForecastAccuracy),
    async ({ query }) => demand.accuracy(query),
  );
  api.get('/forecast/solar', options('Forecast of the solar power', SolarQuery, SolarForecast), async ({ query }) =>
    solar.solar(query),
  );
  api.get(
    '/forecast/optimal-schedule',
    options('Best time to run a load', OptimalScheduleQuery, OptimalSchedule),
    async ({ query: { site, ...load } }) => schedules.schedule({ site, loads: [load] }),
  );
  api.post(
    '/forecast/optimal-schedule',
    {
      schema: {
        tags: ['forecast'],
        summary: 'Best times to run several loads',
        body: OptimalScheduleRequest,
        response: { 200: OptimalSchedule },
      },
      config: { scope: 'read' },
    },
    async ({ body }) => schedules.schedule(body),
  );
}
