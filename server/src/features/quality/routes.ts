import { ListQuery, pageOf } from '@wattkeeper/contract/common.ts';
import {
  CounterDecision,
  CounterDecisionRequest,
  QualityDays,
  QualityDaysQuery,
  QualityQuery,
  QualityReport,
} from '@wattkeeper/contract/storage/quality.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { CounterDecisions } from './counter-decisions.ts';
import type { QualityService } from './service.ts';

const schema = { tags: ['storage'] };

/** `/storage/quality`, `/storage/quality/days`, `/storage/quality/counter-decisions`. */
export function qualityRoutes(api: Api, service: QualityService, decisions: CounterDecisions): void {
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
  decisionRoutes(api, decisions);
}

function decisionRoutes(api: Api, decisions: CounterDecisions): void {
  const Decisions = pageOf(CounterDecision);
  api.get(
    '/storage/quality/counter-decisions',
    {
      schema: {
        ...schema,
        summary: 'What was decided of events of counters',
        querystring: ListQuery.extend({
          device_id: z
            .string()
            .min(1)
            .max(200)
            .optional()
            .meta({ description: 'Id or name of a device', examples: ['main-meter'] }),
        }),
        response: { 200: Decisions },
      },
      config: { scope: 'read' },
    },
    async ({ query }) =>
      pageOfList(decisions.list(query.device_id), query, (one) => `${one.device_id} ${one.metric} ${one.at}`),
  );
  api.put(
    '/storage/quality/counter-decisions',
    {
      schema: {
        ...schema,
        summary:
          'Decide what an event of a counter counts for, or take that back; answers what is decided for the device',
        body: CounterDecisionRequest,
        response: { 200: Decisions },
      },
      config: { scope: 'admin', audit: 'quality.decide_counter' },
    },
    async (request) => ({
      items: await decisions.decide(request.body, callerOf(request).name),
      next_cursor: null,
    }),
  );
}
