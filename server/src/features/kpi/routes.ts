import {
  getCarbon,
  getEnergyCost,
  getKpis,
  getLoadFactor,
  getPeakDemand,
  getSec,
} from '@wattkeeper/contract/endpoints/kpi.ts';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
import type { KpiService } from './service.ts';

/** `/kpi/sec`, `/kpi/peak-demand`, `/kpi/load-factor`, `/kpi/energy-cost`, `/kpi/carbon`, `/kpi/all`. */
export function kpiRoutes(api: Api, kpis: KpiService): void {
  serve(api, getSec, ({ query }) => kpis.sec(query));
  serve(api, getPeakDemand, ({ query }) => kpis.peakDemand(query));
  serve(api, getLoadFactor, ({ query }) => kpis.loadFactor(query));
  serve(api, getEnergyCost, ({ query }) => kpis.energyCost(query));
  serve(api, getCarbon, ({ query }) => kpis.carbon(query));
  serve(api, getKpis, ({ query }) => kpis.all(query));
}
