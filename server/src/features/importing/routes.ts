import {
  ImportDetection,
  ImportDetectionRequest,
  ImportPlaces,
  ImportPlacesRequest,
  ImportPreview,
  ImportPreviewRequest,
  ImportRunRequest,
  ImportUpload,
  ImportUploadCreate,
  ImportUploadPartQuery,
  MAX_UPLOAD_PART_BYTES,
} from '@wattkeeper/contract/import.ts';
import { Job } from '@wattkeeper/contract/job.ts';
import { z } from 'zod';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { leaveBodiesUnread } from '../../http/request-bodies.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { Places } from './places.ts';
import type { ImportingService } from './service.ts';

/** Room for the longest mapping, in which JSON writes each newline as two characters. */
const MAX_MAPPING_BYTES = 2 * 1024 * 1024;
const IdParams = z.object({ id: z.uuid().meta({ description: 'Id of the upload' }) });
const schema = { tags: ['import'] };
const ofUpload = { ...schema, params: IdParams };

export interface ImportingParts {
  readonly importing: ImportingService;
  readonly places: Places;
  readonly scheduler: Scheduler;
}

/** `/imports/uploads`: a file is sent in parts, its format found, its first rows shown, and then it is imported by a job. */
export function importingRoutes(api: Api, parts: ImportingParts): void {
  uploadRoutes(api, parts);
  void api.register(async (scope) => {
    leaveBodiesUnread(scope, 'application/octet-stream');
    partRoute(scope as unknown as Api, parts);
  });
  readingRoutes(api, parts);
  runRoutes(api, parts);
}

function uploadRoutes(api: Api, { importing: { uploads } }: ImportingParts): void {
  api.post(
    '/imports/uploads',
    {
      schema: {
        ...schema,
        summary: 'Announce a file that is to be imported',
        description:
          'Its bytes follow in parts. A file is kept for 24 h after its last use, and until the service restarts.',
        body: ImportUploadCreate,
        response: { 201: ImportUpload },
      },
      config: { scope: 'write', audit: 'import.upload' },
    },
    async ({ body: { name, bytes } }, reply) => reply.status(201).send(await uploads.create(name, bytes)),
  );
  api.get(
    '/imports/uploads/:id',
    {
      schema: { ...ofUpload, summary: 'How much of a file has arrived', response: { 200: ImportUpload } },
      config: { scope: 'write' },
    },
    async ({ params }) => uploads.get(params.id),
  );
  api.delete(
    '/imports/uploads/:id',
    {
      schema: { ...ofUpload, summary: 'Remove an uploaded file', response: { 204: z.null() } },
      config: { scope: 'write', audit: 'import.remove_upload' },
    },
    async ({ params }, reply) => {
      await uploads.remove(params.id);
      return reply.status(204).send(null);
    },
  );
}

function partRoute(api: Api, { importing: { uploads } }: ImportingParts): void {
  api.post(
    '/imports/uploads/:id/parts',
    {
      schema: {
        ...ofUpload,
        summary: 'Send the next bytes of a file',
        description: `The body is application/octet-stream, at most ${MAX_UPLOAD_PART_BYTES} bytes. 409 names the offset that is expected.`,
        querystring: ImportUploadPartQuery,
        response: { 200: ImportUpload },
      },
      config: { scope: 'write' },
      bodyLimit: MAX_UPLOAD_PART_BYTES,
    },
    async (request) => {
      uploads.get(request.params.id);
      return api.bodies.read(request, (body) => uploads.add(request.params.id, request.query.offset, body.slice()));
    },
  );
}

function readingRoutes(api: Api, { importing }: ImportingParts): void {
  api.post(
    '/imports/uploads/:id/detection',
    {
      schema: {
        ...ofUpload,
        summary: 'Find out how a file is to be read',
        description: 'Works as soon as the first 64 KB have arrived.',
        body: ImportDetectionRequest,
        response: { 200: ImportDetection },
      },
      config: { scope: 'write' },
    },
    ({ params, body }) => importing.detect(params.id, body),
  );
  api.post(
    '/imports/uploads/:id/preview',
    {
      schema: {
        ...ofUpload,
        summary: 'Show what the first rows of a file become',
        body: ImportPreviewRequest,
        response: { 200: ImportPreview },
      },
      config: { scope: 'write' },
      bodyLimit: MAX_MAPPING_BYTES,
    },
    ({ params, body }) => importing.preview(params.id, body.mapping),
  );
}

function runRoutes(api: Api, { places, scheduler }: ImportingParts): void {
  api.post(
    '/imports/uploads/:id/runs',
    {
      schema: {
        ...ofUpload,
        summary: 'Import an uploaded file, or read it in a dry run; the result is an ImportResult',
        body: ImportRunRequest,
        response: { 202: Job },
      },
      config: { scope: 'write', audit: 'import.run' },
      bodyLimit: MAX_MAPPING_BYTES,
    },
    async (request, reply) => {
      const params = { ...request.body, upload_id: request.params.id };
      return reply.status(202).send(toJob(await scheduler.run('import', callerOf(request), params)));
    },
  );
  api.post(
    '/imports/places',
    {
      schema: {
        ...schema,
        summary: 'Find or make the site and the devices of imported data',
        body: ImportPlacesRequest,
        response: { 200: ImportPlaces },
      },
      config: { scope: 'write', audit: 'import.places' },
    },
    ({ body }) => places.place(body),
  );
}
