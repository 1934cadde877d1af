import { z } from 'zod';

/** The parts of JSON Schema in use; `secret` is our extension (`contract/src/access/secret.ts`). */
export interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly secret?: boolean | 'address';
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** Schema of keys that are not listed; false if there are none. */
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

const documents = new WeakMap<z.ZodType, JsonSchema>();

/** The JSON Schema of the input of a schema. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const known = documents.get(schema);
  if (known !== undefined) return known;
  const document = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  documents.set(schema, document);
  return document;
}

/** The alternatives of a schema, with references resolved; more than one for a union. */
export function alternativesOf(node: JsonSchema, root: JsonSchema): JsonSchema[] {
  if (node.$ref !== undefined) {
    const target = node.$ref === '#' ? root : root.$defs?.[node.$ref.replace('#/$defs/', '')];
    return target === undefined ? [] : alternativesOf(target, root);
  }
  const parts = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  if (parts.length === 0) return [node];
  const { secret } = node;
  return parts.flatMap((part) =>
    alternativesOf(part, root).map((one) => (secret === undefined ? one : { secret, ...one })),
  );
}

/** The schemas of a key or an index of a value; empty if the schema does not define it. */
export function childrenOf(node: JsonSchema, key: PropertyKey, root: JsonSchema): JsonSchema[] {
  const { properties = {}, additionalProperties, items, prefixItems = [] } = node;
  const name = String(key);
  const isIndex = /^\d+$/.test(name);
  const children = [
    ...(Object.hasOwn(properties, name)
      ? [properties[name]!]
      : typeof additionalProperties === 'object'
        ? [additionalProperties]
        : []),
    ...(isIndex && Number(name) < prefixItems.length ? [prefixItems[Number(name)]!] : isIndex && items ? [items] : []),
  ];
  return children.flatMap((child) => alternativesOf(child, root));
}

/** The schemas at a path, one per alternative; empty if the schema does not define it. */
export function schemasAt(schema: z.ZodType, path: readonly PropertyKey[]): JsonSchema[] {
  const root = jsonSchemaOf(schema);
  return path.reduce<JsonSchema[]>(
    (nodes, key) => nodes.flatMap((node) => childrenOf(node, key, root)),
    alternativesOf(root, root),
  );
}
