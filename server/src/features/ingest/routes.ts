import { IngestAnswer, MAX_READINGS, Reading } from '@wattkeeper/contract/reading.ts';
import { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';
import type { Api } from '../../http/api.ts';
import { MAX_FIELD_ERRORS } from '../../http/problem.ts';
import { leaveBodiesUnread, readJsonSlices } from '../../http/request-bodies.ts';
import type { IngestService } from './service.ts';

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
          'Answers once the readings are on disk. Each bad value is rejected individually with its reason, and the good ones are kept; 422 where none is. Sending the same reading again changes nothing.',
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
      if (answer.accepted + answer.quarantined === 0 && answer.rejected > 0) throw nothingKept(answer);
      return reply.status(202).send(answer);
    },
  );
}

function nothingKept({ rejected, errors }: IngestAnswer): InvalidInput {
  const fields = errors.slice(0, MAX_FIELD_ERRORS).map(({ index, metric, detail, code }) => ({
    field: metric === null ? String(index) : `${index}.values.${metric}`,
    detail,
    code,
  }));
  return new InvalidInput(`none of ${rejected} values can be kept; the first: ${errors[0]?.detail ?? 'unknown'}`, {
    fields,
  });
}
