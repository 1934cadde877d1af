import { IngestAnswer, MAX_READINGS, Reading } from '@wattkeeper/contract/reading.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import { leaveBodiesUnread, readJsonSlices } from '../../http/request-bodies.ts';
import type { IngestService } from './ingest-service.ts';

/**
 * `POST /readings`.
 * @param maxBodyBytes largest body, also after it was unpacked
 */
export function ingestRoutes(api: Api, intake: IngestService, maxBodyBytes: number): void {
  void api.register(async (scope) => {
    leaveBodiesUnread(scope, 'application/json');
    readingsRoute(scope as unknown as Api, intake, maxBodyBytes);
  });
}

function readingsRoute(api: Api, intake: IngestService, bodyLimit: number): void {
  api.post(
    '/readings',
    {
      schema: {
        tags: ['ingest'],
        summary: 'Take one reading or many',
        description:
          'Answers once the readings are on disk. Bad values are refused one by one, each with its reason, and the good ones kept. Sending the same reading again changes nothing.',
        body: z.union([Reading, z.array(Reading)]),
        response: { 202: IngestAnswer },
      },
      // Values are judged individually, so that a bad one does not cost the good ones beside it; the body is read by the handler.
      validatorCompiler: () => (body: unknown) => ({ value: body }),
      config: { scope: 'write' },
      bodyLimit,
    },
    async (request, reply) => {
      const answer = await readJsonSlices(request, MAX_READINGS, (slices) => intake.acceptReadings(slices));
      return reply.status(202).send(answer);
    },
  );
}
