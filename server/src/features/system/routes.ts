import { formatInstant, ListQuery, PageQuery, pageOf } from '@wattkeeper/contract/common.ts';
import {
  Health,
  HealthStatus,
  QuarantineDecision,
  QuarantinedValue,
  SourceHealth,
  StorageMetrics,
} from '@wattkeeper/contract/service.ts';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { QuarantineService } from './quarantine/service.ts';
import { setAsideRoutes } from './set-aside/routes.ts';
import type { SetAsideService } from './set-aside/service.ts';
import type { StorageMonitor } from './storage-monitor.ts';

/** `/health`, `/health/ready`, `/metrics` at the root. */
export function serviceRoutes(app: Api, monitor: StorageMonitor, registry: Registry): void {
  const schema = { tags: ['service'] };
  app.get(
    '/health',
    {
      schema: {
        ...schema,
        summary: 'State of the service; in detail for those who are signed in',
        response: { 200: z.union([Health, HealthStatus]), 503: z.union([Health, HealthStatus]) },
      },
      config: { scope: 'public', details: true },
    },
    async ({ caller }, reply) => {
      const health = await monitor.health();
      const { status, version, timestamp } = health;
      const seesDetails = caller?.scopes.includes('read');
      return reply
        .status(status === 'unhealthy' ? 503 : 200)
        .send(seesDetails ? health : { status, version, timestamp });
    },
  );
  app.get(
    '/health/ready',
    {
      schema: {
        ...schema,
        summary: '200 as soon as requests are served',
        response: {
          200: z.object({
            ready: z.literal(true).meta({ description: 'Always true: requests are served' }),
          }),
        },
      },
      config: { scope: 'public' },
    },
    async () => ({ ready: true }) as const,
  );
  app.get(
    '/metrics',
    {
      schema: {
        ...schema,
        summary: 'Figures for Prometheus',
        response: { 200: { description: 'Text', content: { 'text/plain': { schema: z.string() } } } },
      },
      config: { scope: 'read' },
    },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  );
}

const Decided = z.object({
  decided: z.number().int().meta({ description: 'Number of values that were still waiting' }),
});

export interface SystemRoutesOptions {
  readonly monitor: StorageMonitor;
  readonly quarantine: QuarantineService;
  readonly setAside: SetAsideService;
  readonly sources: () => readonly SourceHealth[];
}

/** `/storage/metrics`, `/storage/health`, `/storage/quarantine`, `/storage/set-aside`, `/sources`. */
export function systemRoutes(api: Api, { monitor, quarantine, setAside, sources }: SystemRoutesOptions): void {
  const schema = { tags: ['storage'] };
  api.get(
    '/storage/health',
    { schema: { ...schema, summary: 'State of the stores', response: { 200: Health } }, config: { scope: 'read' } },
    async () => monitor.health(),
  );
  api.get(
    '/storage/metrics',
    {
      schema: { ...schema, summary: 'Sizes, rates and times', response: { 200: StorageMetrics } },
      config: { scope: 'read' },
    },
    async () => monitor.metrics(),
  );
  api.get(
    '/storage/quarantine',
    {
      schema: {
        ...schema,
        summary: 'Implausible values that wait for a decision, newest first',
        querystring: PageQuery,
        response: { 200: pageOf(QuarantinedValue) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => {
      const page = await quarantine.page(query);
      const items = page.items.map(({ id, deviceId, metric, timestamp, value, reason, receivedAt }) => ({
        id,
        device_id: deviceId,
        metric,
        timestamp: formatInstant(timestamp),
        value,
        reason,
        received_at: formatInstant(receivedAt),
      }));
      return { items, next_cursor: page.nextCursor };
    },
  );
  api.post(
    '/storage/quarantine/decide',
    {
      schema: {
        ...schema,
        summary: 'Accept or discard quarantined values',
        body: QuarantineDecision,
        response: { 200: Decided },
      },
      config: { scope: 'write', audit: 'quarantine.decide' },
    },
    async ({ body }) => ({ decided: await quarantine.decide(body.ids, body.decision) }),
  );
  setAsideRoutes(api, setAside);
  api.get(
    '/sources',
    {
      schema: {
        tags: ['service'],
        summary: 'What brings readings in',
        querystring: ListQuery,
        response: { 200: pageOf(SourceHealth) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => pageOfList([...sources()], query, ({ name }) => name),
  );
}
