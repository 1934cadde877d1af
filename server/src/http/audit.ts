import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { redacted } from '../domain/secrets.ts';
import type { Api } from './api.ts';
import { callerOf } from './security-caller.ts';

/** The log of changes. */
export interface ChangeLog {
  /** Never rejects: the change is complete and must not be reported as failed. */
  append(entry: { actor: string; action: string; target: string | null; detail: string | null }): Promise<void>;
}

/** Maximum length of a stored body; the mapping of a migration alone may have a million characters. */
export const MAX_DETAIL_CHARACTERS = 10_000;

interface Named {
  readonly id?: string;
  readonly name?: string;
}

/**
 * Writes each successful change to the audit log before it is answered: the caller, the action of the route (`config.audit`), its object, and the
 * body without secrets. Call it before the routes are added.
 */
export function auditChanges(api: Api, log: ChangeLog): void {
  const answers = new WeakMap<FastifyRequest, Named>();
  // Holds the object that the handler returns; answers without a body or with text have none.
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

/** The name of the changed object, or its id if it has no name. A name in the path has priority: the answer may describe the job that changes the object. */
function targetOf(asked: Named, answer: Named | undefined): string | null {
  return asked.name ?? answer?.name ?? asked.id ?? answer?.id ?? null;
}
