import {
  decideCounter,
  getQuality,
  listCounterDecisions,
  listQualityDays,
} from '@wattkeeper/contract/endpoints/quality.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { CounterDecisions } from './counter-decisions.ts';
import type { QualityService } from './service.ts';

/** `/storage/quality`, `/storage/quality/days`, `/storage/quality/counter-decisions`. */
export function qualityRoutes(api: Api, service: QualityService, decisions: CounterDecisions): void {
  serve(api, getQuality, async ({ query }) => service.report(query.date, query.site_id));
  serve(api, listQualityDays, async ({ query }) => service.days(query.site_id, query.start, query.end));
  decisionRoutes(api, decisions);
}

function decisionRoutes(api: Api, decisions: CounterDecisions): void {
  serve(api, listCounterDecisions, async ({ query }) =>
    pageOfList(decisions.list(query.device_id), query, (one) => `${one.device_id} ${one.metric} ${one.at}`),
  );
  serve(api, decideCounter, async (request) => ({
    items: await decisions.decide(request.body, callerOf(request).name),
    next_cursor: null,
  }));
}
