import { isStorableText } from '@wattkeeper/contract/names.ts';
import type { FastifySchemaCompiler } from 'fastify';
import { InvalidInput } from '../domain/errors.ts';

/**
 * Rejects a request in which any text cannot be kept by every record store, before its schema is applied: a name, a note or a label would else be
 * changed by one store and rejected by another.
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

/** Path of the first text, or of the first field with a name, that cannot be kept; null where there is none. */
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
