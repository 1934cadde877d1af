import { getDailyReport, getEnergyBalance, getSummary } from '@wattkeeper/contract/endpoints/analytics.ts';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
import type { EnergyService } from './service.ts';

/** `/analytics/summary`, `/analytics/daily-report` and `/analytics/energy-balance`. */
export function energyRoutes(api: Api, service: EnergyService): void {
  serve(api, getSummary, async ({ query }) => service.summary(query.site_id));
  serve(api, getDailyReport, async ({ query }) => service.dailyReport(query.date, query.site_id));
  serve(api, getEnergyBalance, async ({ query }) => service.balance(query));
}
