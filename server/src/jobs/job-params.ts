import { InvalidInput } from '../domain/errors.ts';
import type { JobDefinition } from './job.ts';

/** Runs with the same key do not overlap. */
export function keyOf(definition: JobDefinition, params: unknown): string {
  return `${definition.name} ${definition.key?.(params) ?? ''}`;
}

/** @throws InvalidInput if the parameters do not fit the job */
export function parseParams(definition: JobDefinition, params: unknown): unknown {
  if (definition.params === undefined) return {};
  const parsed = definition.params.safeParse(params);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), detail: issue.message }));
  const details = fields.map(({ field, detail }) => (field === '' ? detail : `${field}: ${detail}`)).join('; ');
  throw new InvalidInput(`${definition.name} cannot run with these parameters: ${details}`, { fields });
}
