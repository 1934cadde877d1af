import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import { Forbidden } from './errors.ts';

/** What somebody may do. */
export interface Rights {
  /** For messages: a user's name or `token:NAME`. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** Throws Forbidden unless the scope is among the rights. */
export function requireScope({ name, scopes }: Rights, scope: Scope): void {
  if (scopes.includes(scope)) return;
  throw new Forbidden(`this needs the scope "${scope}"; ${name} has ${scopes.join(', ') || 'none'}`);
}
