import { ReportQuery, StoredReport } from '@wattkeeper/contract/analytics/report.ts';
import { pageOf } from '@wattkeeper/contract/common.ts';
import type { Api } from '../../http/api.ts';
import type { ReportService } from './service.ts';

/** `/analytics/reports`. */
export function reportRoutes(api: Api, service: ReportService): void {
  api.get(
    '/analytics/reports',
    {
      schema: {
        tags: ['analytics'],
        summary: 'Reports of days, weeks or months that have ended, newest first',
        querystring: ReportQuery,
        response: { 200: pageOf(StoredReport) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => service.page(query),
  );
}
