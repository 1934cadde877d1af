import { formatInstant } from '@wattkeeper/contract/common.ts';
import { getHealth, getPrometheusMetrics, getReadiness, listSources } from '@wattkeeper/contract/endpoints/service.ts';
import {
  decideQuarantine,
  getStorageHealth,
  getStorageMetrics,
  listQuarantine,
} from '@wattkeeper/contract/endpoints/storage.ts';
import type { SourceHealth } from '@wattkeeper/contract/service.ts';
import type { Registry } from 'prom-client';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { QuarantineService } from './quarantine/service.ts';
import { setAsideRoutes } from './set-aside/routes.ts';
import type { SetAsideService } from './set-aside/service.ts';
import type { StorageMonitor } from './storage-monitor.ts';

/** `/health`, `/health/ready`, `/metrics` at the root. */
export function serviceRoutes(app: Api, monitor: StorageMonitor, registry: Registry): void {
  serve(app, getHealth, async ({ caller }, reply) => {
    const health = await monitor.health();
    const { status, version, timestamp } = health;
    const seesDetails = caller?.scopes.includes('read');
    reply.status(status === 'unhealthy' ? 503 : 200);
    return seesDetails ? health : { status, version, timestamp };
  });
  serve(app, getReadiness, async () => ({ ready: true }) as const);
  serve(app, getPrometheusMetrics, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}

export interface SystemRoutesOptions {
  readonly monitor: StorageMonitor;
  readonly quarantine: QuarantineService;
  readonly setAside: SetAsideService;
  readonly sources: () => readonly SourceHealth[];
}

/** `/storage/metrics`, `/storage/health`, `/storage/quarantine`, `/storage/set-aside`, `/sources`. */
export function systemRoutes(api: Api, { monitor, quarantine, setAside, sources }: SystemRoutesOptions): void {
  serve(api, getStorageHealth, async () => monitor.health());
  serve(api, getStorageMetrics, async () => monitor.metrics());
  serve(api, listQuarantine, async ({ query }) => {
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
  });
  serve(api, decideQuarantine, async ({ body }) => ({ decided: await quarantine.decide(body.ids, body.decision) }));
  setAsideRoutes(api, setAside);
  serve(api, listSources, async ({ query }) => pageOfList([...sources()], query, ({ name }) => name));
}
