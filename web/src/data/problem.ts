import { ApiProblem } from '@wattkeeper/contract/api-problem.ts';

/** Whether `error` means that no user is signed in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}
