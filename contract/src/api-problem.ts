import type { Problem } from './errors.ts';

/** The code of an answer that is not a problem document: the server was not reached, or a proxy answered instead. */
export const UNREACHABLE = 'unreachable';

/** A request that the API rejected, with the API's message. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: Problem['code'] | typeof UNREACHABLE;
  readonly fields: readonly { field: string; detail: string }[];
  readonly requestId: string | undefined;

  constructor(
    problem: Pick<Problem, 'status' | 'detail' | 'errors' | 'request_id'> & { code: ApiProblem['code'] },
    options?: ErrorOptions,
  ) {
    super(problem.detail, options);
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.code = problem.code;
    this.fields = problem.errors ?? [];
    this.requestId = problem.request_id;
  }

  /** Whether the same request may succeed later. */
  get temporary(): boolean {
    return this.code === UNREACHABLE || this.status === 429 || this.status >= 500;
  }
}

/** The problem described by a response. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const type = response.headers.get('content-type') ?? '';
  if (type.includes('json')) {
    const body = (await response.json()) as Partial<Problem>;
    if (typeof body.detail === 'string' && typeof body.code === 'string') return new ApiProblem(body as Problem);
  }
  const detail = `${response.status} ${response.statusText}`.trim();
  return new ApiProblem({ status: response.status, code: UNREACHABLE, detail });
}

/** No response: the network failed. */
export function unreachable(cause: unknown): ApiProblem {
  return new ApiProblem({ status: 0, code: UNREACHABLE, detail: 'The server does not answer' }, { cause });
}
