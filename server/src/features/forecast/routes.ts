import {
  forecastDemand,
  forecastPeak,
  forecastSolar,
  getForecastAccuracy,
  scheduleLoad,
  scheduleLoads,
} from '@wattkeeper/contract/endpoints/forecast.ts';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
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
  serve(api, forecastDemand, ({ query }) => demand.demand(query));
  serve(api, forecastPeak, ({ query }) => demand.peak(query));
  serve(api, getForecastAccuracy, ({ query }) => demand.accuracy(query));
  serve(api, forecastSolar, ({ query }) => solar.solar(query));
  serve(api, scheduleLoad, ({ query: { site, ...load } }) => schedules.schedule({ site, loads: [load] }));
  serve(api, scheduleLoads, ({ body }) => schedules.schedule(body));
}
