import { listReports } from '@wattkeeper/contract/endpoints/analytics.ts';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
import type { ReportService } from './service.ts';

/** `/analytics/reports`. */
export function reportRoutes(api: Api, service: ReportService): void {
  serve(api, listReports, async ({ query }) => service.page(query));
}
