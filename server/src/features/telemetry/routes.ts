import { formatInstant } from '@wattkeeper/contract/common.ts';
import {
  EnergyDataAnswer,
  EnergyDataQuery,
  LatestAnswer,
  LatestQuery,
  TelemetryAnswer,
  TelemetryQuery,
} from '@wattkeeper/contract/telemetry.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';
import type { Api } from '../../http/api.ts';
import { sendPaced, sendText } from '../../http/paced-answer.ts';
import { AnswerRoom, type HeldAnswer } from './answer-room.ts';
import { energyData } from './energy-data.ts';
import { EXPORT_FORMATS, exportRows } from './export.ts';
import { energyDataJson, historyJson } from './history-json.ts';
import { latestJson } from './latest-json.ts';
import type { TelemetryOptions, TelemetryService } from './telemetry-service.ts';

const schema = { tags: ['telemetry'] };

/** What `/telemetry` answers with, by content type. */
const HISTORY_TYPES = {
  'application/json': { schema: TelemetryAnswer },
  ...Object.fromEntries(Object.values(EXPORT_FORMATS).map(({ type }) => [type.split(';')[0], { schema: z.string() }])),
};

/** `/telemetry`, `/telemetry/latest` and `/energy-data`. */
export function telemetryRoutes(api: Api, service: TelemetryService, options: TelemetryOptions): void {
  const room = new AnswerRoom();
  historyRoute(api, service, options, room);
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
    async (request, reply) => {
      return sendHeld(request, reply, room, async (held) => {
        const answer = await energyData(request.query, service, options.queries, held);
        return energyDataJson({ ...answer, warnings: [...answer.warnings, ...options.partial.notes()] });
      });
    },
  );
}

/** Sends JSON whose values take room until it is sent. */
async function sendHeld(
  request: FastifyRequest,
  reply: FastifyReply,
  room: AnswerRoom,
  answer: (held: HeldAnswer) => Promise<Iterable<string>>,
): Promise<FastifyReply> {
  const held = room.open();
  try {
    return sendText(request, reply.type('application/json'), await answer(held), held.release);
  } catch (error) {
    held.release();
    throw error;
  }
}

function historyRoute(api: Api, service: TelemetryService, { catalogue }: TelemetryOptions, room: AnswerRoom): void {
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
    async (request, reply) => {
      const { query, headers } = request;
      const format = query.format ?? formatOf(headers.accept ?? '');
      if (format === 'json')
        return sendHeld(request, reply, room, async (held) => historyJson(await service.history(query, held)));
      if (query.bucket !== 'raw' && query.bucket !== 'auto') {
        throw new InvalidInput(`${format} holds raw samples: leave bucket out or say raw; got "${query.bucket}"`);
      }
      const { type, encode, extension } = EXPORT_FORMATS[format];
      const window = service.windowOf(query);
      const rows = exportRows(
        await begun(service.stream(await service.targets(query), window)),
        (metric) => catalogue.describe(metric).unit,
      );
      const name = `wattkeeper-${formatInstant(window.start).slice(0, 10)}-${formatInstant(window.end - 1).slice(0, 10)}.${extension}`;
      reply.type(type).header('content-disposition', `attachment; filename="${name}"`);
      return sendPaced(request, reply, encode(rows));
    },
  );
}

function latestRoute(
  api: Api,
  service: TelemetryService,
  { catalogue, queries, now, partial }: TelemetryOptions,
): void {
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
    async (request, reply) => {
      const targets = await service.targets(request.query);
      const pieces = latestJson(targets, { describe: (metric) => catalogue.describe(metric), queries, now, partial });
      return sendText(request, reply.type('application/json'), pieces, () => {});
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
