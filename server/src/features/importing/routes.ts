import {
  addUploadPart,
  createUpload,
  detectUpload,
  getUpload,
  placeImport,
  previewUpload,
  removeUpload,
  runImport,
} from '@wattkeeper/contract/endpoints/imports.ts';
import { MAX_UPLOAD_PART_BYTES } from '@wattkeeper/contract/import.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { leaveBodiesUnread } from '../../http/request-bodies.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { Places } from './places.ts';
import type { ImportingService } from './service.ts';

/** Maximum size of a mapping, in which JSON writes each newline as two characters. */
const MAX_MAPPING_BYTES = 2 * 1024 * 1024;
export interface ImportingParts {
  readonly importing: ImportingService;
  readonly places: Places;
  readonly scheduler: Scheduler;
}

/** `/imports/uploads`: a file is uploaded in parts, its format is detected, its first rows are previewed, and a job imports it. */
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
  serve(api, createUpload, ({ body: { name, bytes } }) => uploads.create(name, bytes));
  serve(api, getUpload, async ({ params }) => uploads.get(params.id));
  serve(api, removeUpload, async ({ params }) => {
    await uploads.remove(params.id);
  });
}

function partRoute(api: Api, { importing: { uploads } }: ImportingParts): void {
  serve(
    api,
    addUploadPart,
    async (request) => {
      uploads.get(request.params.id);
      return api.bodies.read(request, (body) => uploads.add(request.params.id, request.query.offset, body.slice()));
    },
    { bodyLimit: MAX_UPLOAD_PART_BYTES },
  );
}

function readingRoutes(api: Api, { importing }: ImportingParts): void {
  serve(api, detectUpload, ({ params, body }) => importing.detect(params.id, body));
  serve(api, previewUpload, ({ params, body }) => importing.preview(params.id, body.mapping), {
    bodyLimit: MAX_MAPPING_BYTES,
  });
}

function runRoutes(api: Api, { places, scheduler }: ImportingParts): void {
  serve(
    api,
    runImport,
    async (request) => {
      const params = { ...request.body, upload_id: request.params.id };
      return toJob(await scheduler.run('import', callerOf(request), params));
    },
    { bodyLimit: MAX_MAPPING_BYTES },
  );
  serve(api, placeImport, ({ body }) => places.place(body));
}
