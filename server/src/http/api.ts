import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';

/** Registers the routes of a feature: paths are relative to `/api/v1`, schemas are those of the contract. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope that the caller needs; `public` needs no sign-in. Every route declares one. */
    scope?: Scope | 'public';
    /** Whether a public route answers in more detail to signed-in callers. */
    details?: boolean;
    /** Name of a successful request in the audit log, such as `tariff.change`. Routes that change shared data declare one. */
    audit?: string;
    /** Whether the route answers from the readable part of the history; the `warnings` of the answer name the missing part. */
    partial?: boolean;
  }
  interface FastifyRequest {
    /** The caller; set before the handler on routes that are not public, and on public ones with `details` if the credentials are valid. */
    caller: Caller | null;
  }
}

export interface Caller {
  /** Actor in the audit log: a user's name or `token:NAME`. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Present if the caller has a session cookie; requests that change data must contain it. */
  readonly csrfToken: string | null;
  readonly userId: string | null;
  readonly sessionId: string | null;
  /** The API token of the caller. */
  readonly tokenId: string | null;
}
