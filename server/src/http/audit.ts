import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { redacted } from '../domain/secrets.ts';
import type { Api } from './api.ts';
import { callerOf } from './security-caller.ts';

/** Where changes are written down. */
export interface ChangeLog {
  /** Never rejects: the change has been made, and must not be answered as failed. */
  append(entry: { actor: string; action: string; target: string | null; detail: string | null }): Promise<void>;
}

/** What is kept of a body: a mapping of a migration alone may have a million characters. */
export const MAX_DETAIL_CHARACTERS = 10_000;

interface Named {
  readonly id?: string;
  readonly name?: string;
}

/**
 * Writes each change that succeeded into the audit log, before it is answered: who, the action that the route names (`config.audit`), on what, and
 * the body without its secrets. Call it before the routes are added.
 */
export function auditChanges(api: Api, log: ChangeLog): void {
  const answers = new WeakMap<FastifyRequest, Named>();
  // The object that the handler answers with; answers without a body and of text have none.
  api.addHook('preSerialization', async (request, _, answer) => {
    if (request.routeOptions.config.audit !== undefined) answers.set(request, answer as Named);
    return answer;
  });
  api.addHook('onSend', async (request, reply) => {
    const action = request.routeOptions.config.audit;
    if (action === undefined || reply.statusCode >= 400) return;
    const target = targetOf(request.params as Named, answers.get(request));
    await log.append({ actor: callerOf(request).name, action, target, detail: detailOf(request) });
  });
}

function detailOf({ body, routeOptions }: FastifyRequest): string | null {
  if (!body) return null;
  const detail = JSON.stringify(redacted(routeOptions.schema?.body as z.ZodType | undefined, body));
  return detail.length > MAX_DETAIL_CHARACTERS ? `${detail.slice(0, MAX_DETAIL_CHARACTERS)}…` : detail;
}

/** The name of what was changed, or else its id. A name in the path goes first: the answer may be of the job that works on it. */
function targetOf(asked: Named, answer: Named | undefined): string | null {
  return asked.name ?? answer?.name ?? asked.id ?? answer?.id ?? null;
}
