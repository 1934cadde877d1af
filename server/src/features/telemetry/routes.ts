import { formatInstant } from '@wattkeeper/contract/common.ts';
import { getEnergyData, getLatest, getTelemetry } from '@wattkeeper/contract/endpoints/telemetry.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InvalidInput } from '../../domain/errors.ts';
import type { Window } from '../../domain/time/window.ts';
import type { Api } from '../../http/api.ts';
import { sendPaced, sendText } from '../../http/paced-answer.ts';
import { serve } from '../../http/serve.ts';
import { AnswerRoom, type HeldAnswer } from './answer-room.ts';
import { bucketRows, EXPORTED_AGGREGATES } from './bucket-export.ts';
import { energyData, wideExport } from './energy-data.ts';
import { EXPORT_FORMATS } from './export.ts';
import { bucketColumns, type ExportColumns, type ExportRows, exportRows, SAMPLES } from './export-rows.ts';
import { energyDataJson, historyJson } from './history-json.ts';
import { latestJson } from './latest-json.ts';
import { autoBucket, type TelemetryOptions, type TelemetryService } from './service.ts';

interface ExportedFile {
  readonly format: keyof typeof EXPORT_FORMATS;
  readonly columns: ExportColumns;
  readonly window: Window;
  readonly rows: AsyncIterable<ExportRows>;
}

function sendFile(request: FastifyRequest, reply: FastifyReply, { format, columns, window, rows }: ExportedFile) {
  const { type, encode, extension } = EXPORT_FORMATS[format];
  const name = `wattkeeper-${formatInstant(window.start).slice(0, 10)}-${formatInstant(window.end - 1).slice(0, 10)}.${extension}`;
  reply.type(type).header('content-disposition', `attachment; filename="${name}"`);
  return sendPaced(request, reply, encode(rows, columns));
}

/** `/telemetry`, `/telemetry/latest` and `/energy-data`. */
export function telemetryRoutes(api: Api, service: TelemetryService, options: TelemetryOptions): void {
  const room = new AnswerRoom();
  historyRoute(api, service, options, room);
  latestRoute(api, service, options);
  serve(api, getEnergyData, async (request, reply) => {
    const format = request.query.format ?? formatOf(request.headers.accept ?? '');
    if (format !== 'json') {
      if (request.query.cursor !== undefined)
        throw new InvalidInput(`${format} contains the whole window: omit cursor`);
      const { columns, window, rows } = await wideExport(request.query, service, options.queries);
      return sendFile(request, reply, { format, columns, window, rows: await begun(rows) });
    }
    return sendHeld(request, reply, room, async (held) => {
      const answer = await energyData(request.query, service, options.queries, held);
      return energyDataJson({ ...answer, warnings: [...answer.warnings, ...options.partial.notes()] });
    });
  });
}

/** Sends JSON whose values count towards the memory limit until it is sent. */
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

function historyRoute(api: Api, service: TelemetryService, options: TelemetryOptions, room: AnswerRoom): void {
  serve(api, getTelemetry, async (request, reply) => {
    const { query, headers } = request;
    const format = query.format ?? formatOf(headers.accept ?? '');
    if (format === 'json')
      return sendHeld(request, reply, room, async (held) => historyJson(await service.history(query, held)));
    const window = service.windowOf(query);
    const targets = await service.targets(query);
    const isBucketed = query.bucket === 'auto' ? query.aggregate !== undefined : query.bucket !== 'raw';
    if (isBucketed) {
      const bucket = query.bucket === 'auto' ? autoBucket(window, query.max_points) : query.bucket;
      const rows = bucketRows(options, targets, { window, bucket, aggregates: query.aggregate }, room);
      const columns = bucketColumns(query.aggregate ?? EXPORTED_AGGREGATES);
      return sendFile(request, reply, { format, columns, window, rows: await begun(rows) });
    }
    const samples = await begun(service.stream(targets, window));
    const rows = exportRows(samples, (metric) => options.catalogue.describe(metric).unit);
    return sendFile(request, reply, { format, columns: SAMPLES, window, rows });
  });
}

function latestRoute(
  api: Api,
  service: TelemetryService,
  { catalogue, queries, now, partial }: TelemetryOptions,
): void {
  serve(api, getLatest, async (request, reply) => {
    const targets = await service.targets(request.query);
    const pieces = latestJson(targets, { describe: (metric) => catalogue.describe(metric), queries, now, partial });
    return sendText(request, reply.type('application/json'), pieces, () => {});
  });
}

/** The same items, with the first one already read, so that an error is returned as a problem before anything is sent. */
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
