import { addReadings } from '@wattkeeper/contract/endpoints/telemetry.ts';
import { type IngestAnswer, MAX_READINGS } from '@wattkeeper/contract/reading.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { Api } from '../../http/api.ts';
import { MAX_FIELD_ERRORS } from '../../http/problem.ts';
import { leaveBodiesUnread, readJsonSlices } from '../../http/request-bodies.ts';
import { serve } from '../../http/serve.ts';
import type { IngestService } from './service.ts';

/**
 * `POST /readings`.
 * @param maxBodyBytes maximum body size, also after decompression
 */
export function ingestRoutes(api: Api, intake: IngestService, maxBodyBytes: number): void {
  void api.register(async (scope) => {
    leaveBodiesUnread(scope, 'application/json');
    readingsRoute(scope as unknown as Api, intake, maxBodyBytes);
  });
}

function readingsRoute(api: Api, intake: IngestService, bodyLimit: number): void {
  serve(
    api,
    addReadings,
    async (request) => {
      const answer = await readJsonSlices(request, MAX_READINGS, (slices) => intake.acceptReadings(slices));
      if (answer.accepted + answer.quarantined === 0 && answer.rejected > 0) throw nothingKept(answer);
      return answer;
    },
    // The handler reads the body and validates each value individually: an invalid value does not affect the valid ones.
    { validatorCompiler: () => (body: unknown) => ({ value: body }), bodyLimit },
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
