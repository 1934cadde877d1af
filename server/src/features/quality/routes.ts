import { QualityDays, QualityDaysQuery, QualityQuery, QualityReport } from '@wattkeeper/contract/quality.ts';
import type { Api } from '../../http/api.ts';
import type { QualityService } from './service.ts';

const schema = { tags: ['storage'] };

/** `/storage/quality`, `/storage/quality/days`. */
export function qualityRoutes(api: Api, service: QualityService): void {
  api.get(
    '/storage/quality',
    {
      schema: {
        ...schema,
        summary: 'How good the data of a day are: a score, what is wrong and what to do',
        querystring: QualityQuery,
        response: { 200: QualityReport },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => service.report(query.date, query.site_id),
  );
  api.get(
    '/storage/quality/days',
    {
      schema: {
        ...schema,
        summary: 'Scores day by day',
        querystring: QualityDaysQuery,
        response: { 200: QualityDays },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => service.days(query.site_id, query.start, query.end),
  );
}
