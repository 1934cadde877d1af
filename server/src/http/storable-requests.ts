import { isStorableText } from '@wattkeeper/contract/names.ts';
import type { FastifySchemaCompiler } from 'fastify';
import { InvalidInput } from '../domain/errors.ts';

/**
 * Rejects a request with a text that some record store cannot represent, before its schema is applied: otherwise one store would change a name, note or
 * label, and another would reject it.
 */
export function storableRequests<T>(compile: FastifySchemaCompiler<T>): FastifySchemaCompiler<T> {
  return (route) => {
    const validate = compile(route);
    return (data: unknown) => {
      const path = unstorable(data);
      if (path === null) return validate(data);
      const field = path === '' ? (route.httpPart ?? 'request') : path.slice(1).replaceAll('/', '.');
      const detail = 'must be well-formed Unicode without the character NUL';
      return { error: new InvalidInput(`${field}: ${detail}`, { fields: [{ field, detail }] }) };
    };
  };
}

/** Path of the first text or field name that cannot be stored; null without one. */
function unstorable(data: unknown): string | null {
  const waiting: { path: string; value: unknown }[] = [{ path: '', value: data }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, value } = next;
    if (typeof value === 'string' && !isStorableText(value)) return path;
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (!isStorableText(key)) return path;
      waiting.push({ path: `${path}/${key}`, value: inner });
    }
  }
  return null;
}
