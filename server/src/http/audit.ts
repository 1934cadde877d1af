import type { Api } from './api.ts';
import { callerOf } from './security-caller.ts';

/** Where changes are written down. */
export interface ChangeLog {
  append(entry: { actor: string; action: string; target: string | null; detail: string | null }): Promise<void>;
}

/** Keys of bodies whose values are nobody's business. */
const SECRET = /token|password|passphrase|secret|key/i;

/**
 * Writes each change that succeeded into the audit log, before it is answered: who, the action that the route names (`config.audit`), on what, and
 * the body without its secrets. Call it before the routes are added.
 */
export function auditChanges(api: Api, log: ChangeLog): void {
  api.addHook('onSend', async (request, reply, payload) => {
    const action = request.routeOptions.config.audit;
    if (action === undefined || reply.statusCode >= 400) return;
    const { name: actor } = callerOf(request);
    const detail = request.body ? JSON.stringify(request.body, (key, value) => (SECRET.test(key) ? '…' : value)) : null;
    await log.append({ actor, action, target: targetOf(request.params, payload), detail });
  });
}

/** The name of what was changed, or else its id. */
function targetOf(params: unknown, payload: unknown): string | null {
  const asked = params as { readonly id?: string; readonly name?: string };
  const answer = typeof payload === 'string' && payload !== '' ? JSON.parse(payload) : null;
  return answer?.name ?? asked.name ?? asked.id ?? answer?.id ?? null;
}
