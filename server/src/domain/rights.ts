import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import { Forbidden } from './errors.ts';

/** Permissions of a caller. */
export interface Rights {
  /** Name for messages: a user's name or `token:NAME`. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** Throws Forbidden unless the caller has the scope. */
export function requireScope({ name, scopes }: Rights, scope: Scope): void {
  if (scopes.includes(scope)) return;
  throw new Forbidden(`this needs the scope "${scope}"; ${name} has ${scopes.join(', ') || 'none'}`);
}
