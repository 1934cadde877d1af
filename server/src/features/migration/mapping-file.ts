import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';

/** A mapping of a migration, YAML or JSON. Throws InvalidInput with every error at once. */
export function parseAs<T>(schema: z.ZodType<T>, text: string): T {
  let tree: unknown;
  try {
    tree = parseYaml(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new InvalidInput(`the mapping is not YAML: ${error.message.split('\n')[0]}`, { cause: error });
  }
  const parsed = schema.safeParse(tree);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => `  ${path.join('.') || 'mapping'}: ${message}`);
  throw new InvalidInput(`the mapping has ${errors.length} error(s):\n${errors.join('\n')}`);
}
