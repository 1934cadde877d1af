import {
  Anomaly,
  AnomalyChange,
  AnomalyComment,
  AnomalyDetail,
  AnomalyDetection,
  AnomalyLabelling,
  AnomalyList,
  AnomalyPage,
  AnomalyQuery,
  DetectedAnomalies,
  RecentAnomaliesQuery,
} from '@wattkeeper/contract/analytics/anomaly.ts';
import { EntryId } from '@wattkeeper/contract/fields.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { AnomalyService } from './service.ts';

const schema = { tags: ['anomaly'] };
const params = z.object({ id: EntryId.meta({ description: 'Id of the anomaly' }) });

/** `/anomaly/detect`, `/anomaly/recent`, `/anomaly/active`, `/anomaly`, `/anomaly/{id}` and what people say of one. */
export function anomalyRoutes(api: Api, service: AnomalyService): void {
  api.post(
    '/anomaly/detect',
    {
      schema: {
        ...schema,
        summary: 'Search a window of a device for anomalies, and store them',
        body: AnomalyDetection,
        response: { 200: DetectedAnomalies },
      },
      config: { scope: 'write' },
    },
    async ({ body }) => service.detect(body),
  );
  const list = (summary: string) => ({
    schema: { ...schema, summary, querystring: RecentAnomaliesQuery, response: { 200: AnomalyList } },
    config: { scope: 'read' as const },
  });
  api.get('/anomaly/recent', list('Anomalies of the last 24 hours, newest first'), async ({ query }) =>
    service.recent(query),
  );
  api.get('/anomaly/active', list('Anomalies that nobody has resolved, newest first'), async ({ query }) =>
    service.active(query),
  );
  api.get(
    '/anomaly',
    {
      schema: {
        ...schema,
        summary: 'Anomalies, newest first',
        querystring: AnomalyQuery,
        response: { 200: AnomalyPage },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => service.page(query),
  );
  api.get(
    '/anomaly/:id',
    {
      schema: {
        ...schema,
        summary: 'One anomaly, with its comments and the expected values around it',
        params,
        response: { 200: AnomalyDetail },
      },
      config: { scope: 'read' },
    },
    async (request) => service.detail(request.params.id),
  );
  judgementRoutes(api, service);
}

function judgementRoutes(api: Api, service: AnomalyService): void {
  const answer = { 200: Anomaly };
  const changes = (audit: string) => ({ scope: 'write' as const, audit });
  api.put(
    '/anomaly/:id/resolve',
    {
      schema: { ...schema, summary: 'Resolve an anomaly', params, body: AnomalyChange.nullish(), response: answer },
      config: changes('anomaly.resolve'),
    },
    async (request) => service.resolve(request.params.id, callerOf(request).name, request.body?.comment),
  );
  api.put(
    '/anomaly/:id/reopen',
    {
      schema: { ...schema, summary: 'Reopen an anomaly', params, body: AnomalyChange.nullish(), response: answer },
      config: changes('anomaly.reopen'),
    },
    async (request) => service.reopen(request.params.id, callerOf(request).name, request.body?.comment),
  );
  api.put(
    '/anomaly/:id/label',
    {
      schema: {
        ...schema,
        summary: 'Label an anomaly as right or wrong: labels set the limit from which similar events are reported',
        params,
        body: AnomalyLabelling,
        response: answer,
      },
      config: changes('anomaly.label'),
    },
    async (request) => service.label(request.params.id, callerOf(request).name, request.body.label),
  );
  api.post(
    '/anomaly/:id/comments',
    {
      schema: { ...schema, summary: 'Add a comment', params, body: AnomalyComment, response: answer },
      config: changes('anomaly.comment'),
    },
    async (request) => service.comment(request.params.id, callerOf(request).name, request.body.comment),
  );
}
