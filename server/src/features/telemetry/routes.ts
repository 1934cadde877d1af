import { Readable } from 'node:stream';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import {
  EnergyDataAnswer,
  EnergyDataQuery,
  LatestAnswer,
  LatestQuery,
  TelemetryAnswer,
  TelemetryQuery,
} from '@wattkeeper/contract/telemetry.ts';
import { z } from 'zod';
import { periodOf } from '../../domain/asked-window.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { isoTimes } from '../../domain/iso-time.ts';
import type { Api } from '../../http/api.ts';
import { energyData } from './energy-data.ts';
import { EXPORT_FORMATS, exportRows } from './export.ts';
import type { History, TelemetryOptions, TelemetryService } from './telemetry-service.ts';

const schema = { tags: ['telemetry'] };

/** What `/telemetry` answers with, by content type. */
const HISTORY_TYPES = {
  'application/json': { schema: TelemetryAnswer },
  ...Object.fromEntries(Object.values(EXPORT_FORMATS).map(({ type }) => [type.split(';')[0], { schema: z.string() }])),
};

/** `/telemetry`, `/telemetry/latest` and `/energy-data`. */
export function telemetryRoutes(api: Api, service: TelemetryService, options: TelemetryOptions): void {
  historyRoute(api, service, options);
  latestRoute(api, service, options);
  api.get(
    '/energy-data',
    {
      schema: {
        ...schema,
        summary: 'Wide records: all values of a device at an instant, by time',
        querystring: EnergyDataQuery,
        response: { 200: EnergyDataAnswer },
      },
      config: { scope: 'read', partial: true },
    },
    async ({ query }) => energyData(query, service, options.queries),
  );
}

function historyRoute(api: Api, service: TelemetryService, { catalogue }: TelemetryOptions): void {
  api.get(
    '/telemetry',
    {
      schema: {
        ...schema,
        summary: 'History, raw or in buckets',
        description: 'JSON; with format= or Accept raw samples as CSV, Parquet or Arrow, streamed without bound.',
        querystring: TelemetryQuery,
        response: { 200: { description: 'History', content: HISTORY_TYPES } },
      },
      config: { scope: 'read', partial: true },
    },
    async ({ query, headers }, reply) => {
      const format = query.format ?? formatOf(headers.accept ?? '');
      if (format === 'json') {
        const history = await service.history(query);
        return reply
          .type('application/json')
          .serializer(String)
          .send(toJson(history) as never);
      }
      if (query.bucket !== 'raw' && query.bucket !== 'auto') {
        throw new InvalidInput(`${format} holds raw samples: leave bucket out or say raw; got "${query.bucket}"`);
      }
      const { type, encode, extension } = EXPORT_FORMATS[format];
      const window = service.windowOf(query);
      const rows = exportRows(
        await begun(service.stream(await service.targets(query), window)),
        (metric) => catalogue.describe(metric).unit,
      );
      const name = `wattkeeper-${formatInstant(window.start).slice(0, 10)}-${formatInstant(window.end).slice(0, 10)}.${extension}`;
      const body = Readable.from(encode(rows), { objectMode: false });
      return reply
        .type(type)
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(body as never);
    },
  );
}

function latestRoute(api: Api, service: TelemetryService, { catalogue, queries, now }: TelemetryOptions): void {
  api.get(
    '/telemetry/latest',
    {
      schema: {
        ...schema,
        summary: 'The newest value of every series',
        querystring: LatestQuery,
        response: { 200: LatestAnswer },
      },
      config: { scope: 'read', partial: true },
    },
    async ({ query }) => {
      const targets = await service.targets(query);
      const items = targets.flatMap(({ device, metrics }) => {
        const wanted = new Set(metrics);
        const samples = queries.latest([device.id]).filter(({ metric }) => wanted.has(metric));
        if (samples.length === 0) return [];
        const values = samples.map(({ metric, value, timestamp }) => [
          metric,
          { value, unit: catalogue.describe(metric).unit, timestamp: formatInstant(timestamp) },
        ]);
        return [{ device_id: device.id, device_name: device.name, values: Object.fromEntries(values) }];
      });
      return { items, timestamp: formatInstant(now()), warnings: [] };
    },
  );
}

/** The same items, of which the first is there: what cannot be read is answered as a problem, before anything is sent. */
async function begun<T>(items: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = items[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<T>> | null = iterator.next();
  await first;
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const next = first ?? iterator.next();
        first = null;
        return next;
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    }),
  };
}

function formatOf(accept: string): 'json' | keyof typeof EXPORT_FORMATS {
  if (accept.includes('text/csv')) return 'csv';
  if (accept.includes('parquet')) return 'parquet';
  if (accept.includes('arrow')) return 'arrow';
  return 'json';
}

/** Written by hand: it is the hot path, and the columns are numbers and instants only. NaN becomes null. */
function toJson({ window, bucket, downsampled, warnings, series }: History): string {
  const timesOf = new Map<Float64Array, string>();
  const times = (timestamps: Float64Array) => {
    const known = timesOf.get(timestamps) ?? JSON.stringify(isoTimes(timestamps));
    timesOf.set(timestamps, known);
    return known;
  };
  const parts = series.map(({ device, metric, unit, coverage, timestamps, columns }) => {
    const head = JSON.stringify({ device_id: device.id, device_name: device.name, metric, unit, coverage });
    const body = columns.map(([name, values]) => `,"${name}":${JSON.stringify(Array.from(values))}`).join('');
    return `${head.slice(0, -1)},"timestamps":${times(timestamps)}${body}}`;
  });
  const period = JSON.stringify(periodOf(window));
  return `{"time_period":${period},"bucket":"${bucket}","downsampled":${downsampled},"warnings":${JSON.stringify(warnings)},"series":[${parts.join(',')}]}`;
}
