import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';

/** What a feature's `routes.ts` registers on: paths are relative to `/api/v1`, schemas are the contract's. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller must be allowed to do; `public` needs no sign-in. Every route names one. */
    scope?: Scope | 'public';
    /** A public route that answers more to those who are signed in. */
    details?: boolean;
    /** What a success is called in the audit log, such as `tariff.change`. Routes that change something for others name one. */
    audit?: string;
    /** Answers from what can be read of the history; what is missing is in the `warnings` of the answer. */
    partial?: boolean;
  }
  interface FastifyRequest {
    /** Who calls; set before any handler runs on routes that are not public, and on public ones with `details` where the credentials hold. */
    caller: Caller | null;
  }
}

export interface Caller {
  /** Written into the audit log: a user's name or `token:NAME`. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Present when the caller came with a session cookie: requests that change something must repeat it. */
  readonly csrfToken: string | null;
  readonly userId: string | null;
  readonly sessionId: string | null;
  /** The API token on record that the caller came with. */
  readonly tokenId: string | null;
}
