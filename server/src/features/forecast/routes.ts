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
} from '@wattkeeper/contract/forecast.ts';
import type { Api } from '../../http/api.ts';
import type { ScheduleService } from './schedule-service.ts';
import type { ForecastService } from './service.ts';
import type { SolarForecastService } from './solar-service.ts';

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
    options('Power of the time ahead, with bands', DemandQuery, DemandForecast),
    async ({ query }) => demand.demand(query),
  );
  api.get('/forecast/peak', options('The greatest power ahead', DemandQuery, PeakForecast), async ({ query }) =>
    demand.peak(query),
  );
  api.get(
    '/forecast/accuracy',
    options('How good forecasts were in back-tests, model by model', DemandQuery, ForecastAccuracy),
    async ({ query }) => demand.accuracy(query),
  );
  api.get('/forecast/solar', options('What the panels will give', SolarQuery, SolarForecast), async ({ query }) =>
    solar.solar(query),
  );
  api.get(
    '/forecast/optimal-schedule',
    options('When a load that can wait should run', OptimalScheduleQuery, OptimalSchedule),
    async ({ query: { site, ...load } }) => schedules.schedule({ site, loads: [load] }),
  );
  api.post(
    '/forecast/optimal-schedule',
    {
      schema: {
        tags: ['forecast'],
        summary: 'When several loads that can wait should run',
        body: OptimalScheduleRequest,
        response: { 200: OptimalSchedule },
      },
      config: { scope: 'read' },
    },
    async ({ body }) => schedules.schedule(body),
  );
}
