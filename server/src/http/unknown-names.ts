import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { closest } from '../domain/closest.ts';
import { type FieldError, InvalidInput } from '../domain/errors.ts';
import { alternativesOf, childrenOf, type JsonSchema, jsonSchemaOf } from '../domain/json-schema.ts';
import { MAX_FIELD_ERRORS } from './problem.ts';

/**
 * Rejects parameters and keys that are not in the schema of the route: otherwise a misspelt filter would be ignored, and the answer would belong to
 * another query. Objects with free names (records, loose objects) accept any key.
 */
export function knownNamesOnly(compile: FastifySchemaCompiler<z.ZodType>): FastifySchemaCompiler<z.ZodType> {
  return (route) => {
    const validate = compile(route);
    if (route.httpPart !== 'querystring' && route.httpPart !== 'body') return validate;
    return (data: unknown) => {
      const fields = unknownNames(route.schema, data, route.httpPart === 'body' ? 'key' : 'parameter');
      if (fields.length === 0) return validate(data);
      const detail = fields.map((one) => `${one.field}: ${one.detail}`).join('; ');
      return { error: new InvalidInput(detail, { fields }) };
    };
  };
}

function unknownNames(schema: z.ZodType, value: unknown, kind: string): FieldError[] {
  const root = jsonSchemaOf(schema);
  const found: FieldError[] = [];
  const look = (item: unknown, nodes: readonly JsonSchema[], path: string): void => {
    if (typeof item !== 'object' || item === null || found.length >= MAX_FIELD_ERRORS) return;
    const allowed = Array.isArray(item) ? null : namesOf(nodes);
    for (const [key, inner] of Object.entries(item)) {
      const field = `${path}${key}`;
      if (allowed === null || allowed.includes(key)) {
        const children = nodes.flatMap((node) => childrenOf(node, key, root));
        look(inner, children, `${field}.`);
      } else if (found.length < MAX_FIELD_ERRORS) {
        found.push({
          field: field.slice(0, 200).toWellFormed(),
          detail: `is no ${kind} here${suggestion(key, allowed)}`,
        });
      }
    }
  };
  look(value, alternativesOf(root, root), '');
  return found;
}

/** Names that occur in any of the alternatives; null if names are free or no object is expected. */
function namesOf(nodes: readonly JsonSchema[]): string[] | null {
  const objects = nodes.filter(({ type }) => type === 'object' || type === undefined);
  const isFree = objects.some(
    ({ type, additionalProperties }) => type === undefined || (additionalProperties ?? false) !== false,
  );
  if (objects.length === 0 || isFree) return null;
  return [...new Set(objects.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

function suggestion(key: string, allowed: readonly string[]): string {
  if (allowed.length === 0) return ', which takes none';
  const nearest = closest(key, allowed);
  return `${nearest === undefined ? '' : `; did you mean ${nearest}?`} Allowed: ${allowed.join(', ')}`;
}
