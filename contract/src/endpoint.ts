import type { z } from 'zod';
import type { Scope } from './access/auth.ts';

/**
 * One endpoint of the API. The files in `endpoints/` declare each once: the server registers its route from the declaration, the OpenAPI document describes
 * it, and the web app and the command line call by it (`client.ts`).
 */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Relative to `/api/v1`, with parameters as `:name`. */
  readonly path: `/${string}`;
  /** Whether the path is relative to the address of the service instead. */
  readonly root?: true;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Answers by status. All other answers are a `Problem`. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** The scope that the caller needs; `public` needs no sign-in. */
  readonly scope: Scope | 'public';
  /** Whether a public endpoint answers in more detail to signed-in callers. */
  readonly details?: true;
  /** Name of a successful request in the audit log, such as `tariff.change`. */
  readonly audit?: string;
  /** Whether it answers from the readable part of the history; the `warnings` of the answer name the missing part. */
  readonly partial?: true;
}

/** JSON, or content of several types. */
type Answer = z.ZodType | { readonly description: string; readonly content: Content };
type Content = Readonly<Record<string, { readonly schema: z.ZodType }>>;

/** Declares an endpoint. Unknown keys do not compile. */
export function endpoint<const E extends Endpoint>(definition: E & Record<Exclude<keyof E, keyof Endpoint>, never>): E {
  return definition;
}

/** A part of a request after validation, with defaults. */
export type Received<E, K extends 'params' | 'query' | 'body'> =
  E extends Readonly<Record<K, infer S extends z.ZodType>> ? z.output<S> : undefined;

/** The JSON of an endpoint's answers; null without one. */
export type AnswerOf<E extends Endpoint> = JsonOf<E['answers'][keyof E['answers']]>;
type JsonOf<A> = A extends z.ZodType
  ? z.output<A>
  : A extends { readonly content: { readonly 'application/json': { readonly schema: infer S extends z.ZodType } } }
    ? z.output<S>
    : never;
