import type { Problem } from '@wattkeeper/contract/errors.ts';

/** The code of an answer that is no problem document: the server was not reached, or a proxy answered for it. */
export const UNREACHABLE = 'unreachable';

/** What the API refused, as it said it. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: Problem['code'] | typeof UNREACHABLE;
  readonly fields: readonly { field: string; detail: string }[];
  readonly requestId: string | undefined;

  constructor(problem: Pick<Problem, 'status' | 'detail' | 'errors' | 'request_id'> & { code: ApiProblem['code'] }) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.code = problem.code;
    this.fields = problem.errors ?? [];
    this.requestId = problem.request_id;
  }

  /** Whether asking again unchanged may help. */
  get temporary(): boolean {
    return this.code === UNREACHABLE || this.status === 429 || this.status >= 500;
  }
}

/** Whether `error` says that nobody is signed in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}
