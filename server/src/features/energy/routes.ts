import {
  DailyReport,
  DailyReportQuery,
  EnergyBalance,
  EnergyBalanceQuery,
  SiteSummary,
  SummaryQuery,
} from '@wattkeeper/contract/analytics/energy.ts';
import type { Api } from '../../http/api.ts';
import type { EnergyService } from './service.ts';

/** `/analytics/summary`, `/analytics/daily-report` and `/analytics/energy-balance`. */
export function energyRoutes(api: Api, service: EnergyService): void {
  const schema = { tags: ['analytics'] };
  api.get(
    '/analytics/summary',
    {
      schema: {
        ...schema,
        summary: 'A site now, today and yesterday',
        querystring: SummaryQuery,
        response: { 200: SiteSummary },
      },
      config: { scope: 'read', partial: true },
    },
    async ({ query }) => service.summary(query.site_id),
  );
  api.get(
    '/analytics/daily-report',
    {
      schema: {
        ...schema,
        summary: "Energy, cost and peaks of one of the site's days",
        querystring: DailyReportQuery,
        response: { 200: DailyReport },
      },
      config: { scope: 'read', partial: true },
    },
    async ({ query }) => service.dailyReport(query.date, query.site_id),
  );
  api.get(
    '/analytics/energy-balance',
    {
      schema: {
        ...schema,
        summary: 'Energy between solar, battery, grid and load, by period',
        description:
          'Where energy went is allocated by quarter hour: solar serves the load, then the battery, then the grid; the battery serves the load that is left, then the grid; what is bought serves the load that is left, then the battery.',
        querystring: EnergyBalanceQuery,
        response: { 200: EnergyBalance },
      },
      config: { scope: 'read', partial: true },
    },
    async ({ query }) => service.balance(query),
  );
}
