import {
  AllKpis,
  CarbonKpi,
  EnergyCostKpi,
  KpiQuery,
  LoadFactorKpi,
  PeakDemandKpi,
  SecKpi,
} from '@wattkeeper/contract/analytics/kpi.ts';
import type { Api } from '../../http/api.ts';
import type { KpiService } from './service.ts';

/** `/kpi/sec`, `/kpi/peak-demand`, `/kpi/load-factor`, `/kpi/energy-cost`, `/kpi/carbon`, `/kpi/all`. */
export function kpiRoutes(api: Api, kpis: KpiService): void {
  const options = <R>(summary: string, response: R) => ({
    schema: { tags: ['kpi'], summary, querystring: KpiQuery, response: { 200: response } },
    config: { scope: 'read' as const, partial: true },
  });
  api.get('/kpi/sec', options('Energy for each unit produced', SecKpi), async ({ query }) => kpis.sec(query));
  api.get(
    '/kpi/peak-demand',
    options('Greatest mean power over a rolling quarter hour', PeakDemandKpi),
    async ({ query }) => kpis.peakDemand(query),
  );
  api.get('/kpi/load-factor', options('Mean power ÷ peak demand', LoadFactorKpi), async ({ query }) =>
    kpis.loadFactor(query),
  );
  api.get('/kpi/energy-cost', options('What the energy costs, by tariff band', EnergyCostKpi), async ({ query }) =>
    kpis.energyCost(query),
  );
  api.get('/kpi/carbon', options('Carbon of the energy', CarbonKpi), async ({ query }) => kpis.carbon(query));
  api.get('/kpi/all', options('All key figures of a device', AllKpis), async ({ query }) => kpis.all(query));
}
