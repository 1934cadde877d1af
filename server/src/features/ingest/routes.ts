import { IngestAnswer, Reading } from '@wattkeeper/contract/reading.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import type { IngestService } from './ingest-service.ts';

/** `POST /readings`. */
export function ingestRoutes(api: Api, intake: IngestService): void {
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
      // Values are judged one by one, so that a bad one does not cost the good ones beside it.
      validatorCompiler: () => (body: unknown) => ({ value: body }),
      config: { scope: 'write' },
    },
    async ({ body }, reply) => reply.status(202).send(await intake.acceptReadings(body)),
  );
}
