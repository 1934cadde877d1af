import { ApiProblem, UNREACHABLE } from './problem.ts';

export type QueryValue = string | number | boolean | readonly string[] | undefined;
export type QueryParams = Readonly<Record<string, QueryValue>>;

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

interface RequestOptions {
  query?: QueryParams;
  body?: unknown;
  bytes?: Blob;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

/** Pages that `list` follows at most: 20 × 1000 entries are more than a screen can use. */
const MAX_PAGES = 20;
const PAGE_SIZE = 1000;

/** The API over HTTP: JSON in and out, refusals as `ApiProblem`, the CSRF token on requests that change something. */
export class ApiClient {
  /** `…/api/v1`, without a closing slash. */
  readonly baseUrl: string;
  readonly #fetch: typeof fetch;
  #csrfToken: string | null = null;

  constructor(baseUrl: string, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.baseUrl = baseUrl;
    this.#fetch = fetcher;
  }

  /** Token of the signed-in session; null forgets it. */
  set csrfToken(token: string | null) {
    this.#csrfToken = token;
  }

  get<T>(path: string, query?: QueryParams, signal?: AbortSignal): Promise<T> {
    return this.#request<T>('GET', path, { ...(query ? { query } : {}), signal });
  }

  post<T>(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<T> {
    return this.#request<T>('POST', path, { body, ...(headers && { headers }) });
  }

  /** Sends bytes as they are. */
  postBytes<T>(path: string, bytes: Blob, query: QueryParams, signal: AbortSignal): Promise<T> {
    return this.#request<T>('POST', path, { bytes, query, signal });
  }

  put<T>(path: string, body?: unknown): Promise<T> {
    return this.#request<T>('PUT', path, { body });
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#request<T>('PATCH', path, { body });
  }

  delete(path: string, query: QueryParams = {}): Promise<void> {
    return this.#request<void>('DELETE', path, { query });
  }

  /** Every entry of a paged list. */
  async list<T>(path: string, query: QueryParams = {}, signal?: AbortSignal): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await this.get<Page<T>>(path, { ...query, limit: PAGE_SIZE, cursor }, signal);
      items.push(...answer.items);
      if (!answer.next_cursor) break;
      cursor = answer.next_cursor;
    }
    return items;
  }

  /** Absolute address of `path`, for links and downloads. */
  url(path: string, query: QueryParams = {}): string {
    const search = searchText(query);
    return `${this.baseUrl}${path}${search ? `?${search}` : ''}`;
  }

  async #request<T>(method: string, path: string, options: RequestOptions): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    if (options.bytes !== undefined) headers['content-type'] = 'application/octet-stream';
    const body = options.bytes ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    if (method !== 'GET' && this.#csrfToken) headers['x-csrf-token'] = this.#csrfToken;
    const response = await this.#send(this.url(path, options.query), {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (!response.ok) throw await problemOf(response);
    return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(url, init);
    } catch (error) {
      if (error instanceof TypeError) {
        throw new ApiProblem({ status: 0, code: UNREACHABLE, detail: 'The server does not answer' });
      }
      throw error;
    }
  }
}

function searchText(query: QueryParams): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  return search.toString();
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const type = response.headers.get('content-type') ?? '';
  if (type.includes('json')) {
    const body = (await response.json()) as Partial<ApiProblem> & Record<string, unknown>;
    if (typeof body.detail === 'string' && typeof body.code === 'string') {
      return new ApiProblem(body as unknown as ConstructorParameters<typeof ApiProblem>[0]);
    }
  }
  return new ApiProblem({
    status: response.status,
    code: UNREACHABLE,
    detail: `${response.status} ${response.statusText}`.trim(),
  });
}
