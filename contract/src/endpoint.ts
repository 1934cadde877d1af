import type { z } from 'zod';
import type { Scope } from './access/auth.ts';

/**
 * One endpoint of the API. The files in `endpoints/` declare each once: the server registers its route from the declaration, the API's document describes
 * it, and the web app and the command line call by it (`client.ts`).
 */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Relative to `/api/v1`, with parameters as `:name`. */
  readonly path: `/${string}`;
  /** The path is relative to the address of the service instead. */
  readonly root?: true;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** By status. Every other answer is a `Problem`. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** What the caller must be allowed to do; `public` needs no sign-in. */
  readonly scope: Scope | 'public';
  /** A public endpoint that answers more to those who are signed in. */
  readonly details?: true;
  /** Name of a success in the audit log, such as `tariff.change`. */
  readonly audit?: string;
  /** Answers from the part of the history that can be read; the `warnings` of the answer name what is missing. */
  readonly partial?: true;
}

/** JSON, or content of several types. */
type Answer = z.ZodType | { readonly description: string; readonly content: Content };
type Content = Readonly<Record<string, { readonly schema: z.ZodType }>>;

/** Declares an endpoint. A key that endpoints do not have does not compile. */
export function endpoint<const E extends Endpoint>(definition: E & Record<Exclude<keyof E, keyof Endpoint>, never>): E {
  return definition;
}

/** A part of a request as the server has checked it, with defaults. */
export type Received<E, K extends 'params' | 'query' | 'body'> =
  E extends Readonly<Record<K, infer S extends z.ZodType>> ? z.output<S> : undefined;

/** The JSON of an endpoint's answers; null where it answers nothing. */
export type AnswerOf<E extends Endpoint> = JsonOf<E['answers'][keyof E['answers']]>;
type JsonOf<A> = A extends z.ZodType
  ? z.output<A>
  : A extends { readonly content: { readonly 'application/json': { readonly schema: infer S extends z.ZodType } } }
    ? z.output<S>
    : never;
