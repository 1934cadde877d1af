import type { z } from 'zod';
import { problemOf, unreachable } from './api-problem.ts';
import type { AnswerOf, Endpoint } from './endpoint.ts';

/** The input of a call: `params`, `query` and `body` as the endpoint declares them. */
type CallOptions<E extends Endpoint> = Part<E, 'params'> &
  Part<E, 'query'> &
  Part<E, 'body'> & {
    /** Replaces a JSON body. */
    readonly bytes?: Blob;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal | undefined;
  };

type Part<E, K extends string> =
  E extends Readonly<Record<K, infer S extends z.ZodType>>
    ? Optional<K, K extends 'query' ? QueryInput<z.input<S>, z.output<S>> : z.input<S>>
    : unknown;
/** The query of an endpoint. */
export type QueryOf<E> =
  E extends Readonly<Record<'query', infer S extends z.ZodType>> ? QueryInput<z.input<S>, z.output<S>> : object;
type Optional<K extends string, T> = undefined extends T
  ? { readonly [P in K]?: T }
  : object extends T
    ? { readonly [P in K]?: T }
    : { readonly [P in K]: T };

/** Parameters in the text form that the server parses: numbers and booleans are written as such, lists repeat the parameter. */
type QueryInput<I, O> = {
  readonly [K in keyof I]:
    | QueryValue<I[K], K extends keyof O ? NonNullable<O[K]> : never>
    | (object extends Pick<I, K> ? undefined : never);
};
type QueryValue<In, Out> = [Out] extends [boolean]
  ? boolean
  : [Out] extends [number]
    ? number
    : [Out] extends [readonly unknown[]]
      ? string | readonly string[]
      : In;

type ArgumentsOf<E extends Endpoint> =
  object extends CallOptions<E> ? [options?: CallOptions<E>] : [options: CallOptions<E>];
type ItemOf<E extends Endpoint> = AnswerOf<E> extends { items: (infer I)[] } ? I : never;

/** Options of a call whose endpoint is a parameter. */
export function withQuery<E extends Endpoint>(query: QueryOf<E>, signal: AbortSignal): ArgumentsOf<E> {
  return [{ query, signal }] as unknown as ArgumentsOf<E>;
}

interface AnyOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly bytes?: Blob;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface ClientOptions {
  /** Sends the requests; default: the runtime's own. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether answers are validated with the contract's schemas: for programs whose service may have another version. */
  readonly checksAnswers?: boolean;
  /** Maximum number of pages that `list` reads; default: 20. 20 × 1000 entries are more than a screen can use. */
  readonly maxPages?: number;
}

const MAX_PAGES = 20;
const PAGE_SIZE = 1000;

/**
 * Calls endpoints of a service. Requires only `fetch`, so it runs in browsers and on servers.
 * @throws ApiProblem if the service rejects the request or cannot be reached
 */
export class ApiClient {
  /** Address of the service, with its prefix, without a slash at the end. */
  readonly serviceUrl: string;
  readonly #options: ClientOptions;
  #csrfToken: string | null = null;

  constructor(serviceUrl: string, options: ClientOptions = {}) {
    this.serviceUrl = serviceUrl;
    this.#options = options;
  }

  /** Token of the signed-in session, sent with changes; null removes it. */
  set csrfToken(token: string | null) {
    this.#csrfToken = token;
  }

  /** Returns the answer; null if the endpoint has none. */
  async call<E extends Endpoint>(endpoint: E, ...[options]: ArgumentsOf<E>): Promise<AnswerOf<E>> {
    const response = await this.#request(endpoint, options ?? {});
    if (response.status === 204) return null as AnswerOf<E>;
    const json: unknown = await response.json();
    if (this.#options.checksAnswers !== true) return json as AnswerOf<E>;
    const { answers }: Endpoint = endpoint;
    // Another version may answer with another success.
    const schema = answers[response.status] ?? Object.values(answers)[0]!;
    return ('content' in schema ? json : schema.parse(json)) as AnswerOf<E>;
  }

  /** Returns the response without reading its body. */
  send<E extends Endpoint>(endpoint: E, ...[options]: ArgumentsOf<E>): Promise<Response> {
    return this.#request(endpoint, options ?? {});
  }

  /** Returns all entries of a paged list. */
  async list<E extends Endpoint>(endpoint: E, ...[options]: ArgumentsOf<E>): Promise<ItemOf<E>[]> {
    const given: AnyOptions = options ?? {};
    const items: ItemOf<E>[] = [];
    const { maxPages = MAX_PAGES } = this.#options;
    let cursor: string | null | undefined;
    for (let page = 0; page < maxPages && cursor !== null; page++) {
      const asked = { ...given, query: { ...given.query, limit: PAGE_SIZE, cursor } } as unknown as CallOptions<E>;
      const answer = (await this.call(endpoint, ...([asked] as ArgumentsOf<E>))) as ListPage<ItemOf<E>>;
      items.push(...answer.items);
      cursor = answer.next_cursor;
    }
    return items;
  }

  /** Absolute address of an endpoint, for links and downloads. */
  url<E extends Endpoint>(endpoint: E, ...[options]: ArgumentsOf<E>): string {
    return this.#url(endpoint, options ?? {});
  }

  #url({ path, root }: Endpoint, { params = {}, query = {} }: AnyOptions): string {
    const filled = path.replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(params[name]!));
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined) continue;
      for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
    }
    const text = search.size === 0 ? '' : `?${search}`;
    return `${this.serviceUrl}${root ? '' : '/api/v1'}${filled}${text}`;
  }

  async #request(endpoint: Endpoint, options: AnyOptions): Promise<Response> {
    const { body, bytes, signal } = options;
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...this.#options.headers,
      ...(endpoint.method !== 'GET' && this.#csrfToken && { 'x-csrf-token': this.#csrfToken }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(bytes && { 'content-type': 'application/octet-stream' }),
      ...options.headers,
    };
    const sent = bytes ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await this.#fetch(this.#url(endpoint, options), {
      method: endpoint.method,
      headers,
      credentials: 'same-origin',
      ...(sent !== undefined && { body: sent }),
      ...(signal && { signal }),
    });
    if (response.ok || response.status in endpoint.answers) return response;
    throw await problemOf(response);
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await (this.#options.fetch ?? fetch)(url, init);
    } catch (error) {
      throw error instanceof TypeError ? unreachable(error) : error;
    }
  }
}

interface ListPage<T> {
  readonly items: T[];
  readonly next_cursor: string | null;
}
