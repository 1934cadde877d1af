import type { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';
import { errorList, mappingTree } from '../../sources/import/mapping-text.ts';

/** A mapping of a migration, YAML or JSON. Throws InvalidInput with the first errors at once. */
export function parseAs<T>(schema: z.ZodType<T>, text: string): T {
  const parsed = schema.safeParse(mappingTree(text, 'the mapping'));
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'mapping'}: ${message}`);
  throw new InvalidInput(`the mapping has ${errorList(errors)}`);
}
