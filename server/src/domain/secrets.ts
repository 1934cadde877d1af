import type { z } from 'zod';
import { alternativesOf, childrenOf, type JsonSchema, jsonSchemaOf, schemasAt } from './json-schema.ts';

/** Stands in place of a secret. */
export const HIDDEN = '(not shown)';
/** Characters that a message quotes of a value. */
export const MAX_SHOWN_CHARACTERS = 60;

/** Names of secrets, for values that no schema describes or that somebody forgot to mark. */
const SECRET_NAME =
  /pass(word|wd|phrase)?$|token|secret|credential|identit|private|api_?key|access_?key$|connection_string/i;

/** Names of parameters of an address whose values may be secrets. */
const SECRET_PARAMETER = /pass|pwd|token|secret|credential|key|sig|auth|code|[?&;]p$/i;

/**
 * What a message may quote of a value that does not fit its schema: null where a secret belongs, or where one may be in it, such as a text
 * where settings with a password among them are expected.
 */
export function shown(schema: z.ZodType | undefined, path: readonly PropertyKey[], value: unknown): string | null {
  const root = schema && jsonSchemaOf(schema);
  const nodes = schema === undefined ? [] : schemasAt(schema, path);
  if (root !== undefined && nodes.some((node) => holdsSecret(node, root))) return null;
  if (path.some((key) => SECRET_NAME.test(String(key)))) return null;
  // A text that is no address may be the password alone.
  if (nodes.some(({ secret }) => secret === 'address') && !/^[\w+.-]+:\/\//.test(String(value))) return null;
  const text = JSON.stringify(redactAll(value, nodes, root ?? {})) ?? 'nothing';
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}

/** A value without its secrets: what its schema marks, and what is called like one. */
export function redacted(schema: z.ZodType | undefined, value: unknown): unknown {
  return redactAll(
    value,
    schema === undefined ? [] : schemasAt(schema, []),
    schema === undefined ? {} : jsonSchemaOf(schema),
  );
}

/** The secrets in a value that fits its schema. */
export function secretsIn(schema: z.ZodType, value: unknown): string[] {
  const root = jsonSchemaOf(schema);
  const found: string[] = [];
  const look = (item: unknown, nodes: readonly JsonSchema[]): void => {
    if (typeof item === 'string' && nodes.some(isSecret)) found.push(item);
    if (typeof item === 'string' && nodes.some(isAddress)) found.push(...passwordOf(item));
    if (typeof item !== 'object' || item === null) return;
    for (const [key, inner] of Object.entries(item))
      look(
        inner,
        nodes.flatMap((node) => childrenOf(node, key, root)),
      );
  };
  look(value, alternativesOf(root, root));
  return found;
}

/** Every place of a schema that has a secret; `*` stands for an index or a free name. For tests. */
export function secretPaths(schema: z.ZodType): string[] {
  const root = jsonSchemaOf(schema);
  const look = (node: JsonSchema, path: readonly string[], above: readonly JsonSchema[]): string[] =>
    alternativesOf(node, root).flatMap((one) => {
      if (above.includes(one)) return [];
      if (isSecret(one) || isAddress(one)) return [path.join('.')];
      const inner = Object.entries(one.properties ?? {}).flatMap(([key, child]) =>
        look(child, [...path, key], [...above, one]),
      );
      const free = [one.items, one.additionalProperties].filter((child) => typeof child === 'object');
      return [...inner, ...free.flatMap((child) => look(child, [...path, '*'], [...above, one]))];
    });
  return [...new Set(look(root, [], []))];
}

/**
 * An address without what lets one in: user and password, and the values of its query that may be secrets. What is wrong in an address is
 * no reason to show its password, so this does not parse: everything up to the last `@` goes, save the scheme and the user's name.
 */
export function withoutCredentials(text: string): string {
  return withoutQuerySecret(text)
    .replace(/^([\w+.-]+:\/\/)?([^:@/?#\s]*):.*@/s, '$1$2:…@')
    .replace(/^([\w+.-]+:\/\/)[^:@]*@/s, '$1…@')
    .replace(/^([\w+.-]+:\/\/[^:/?#@[]*):(?!\d{1,5}(?:[/?#]|$))[^…].*/s, '$1:…');
}

/** Up to the first parameter whose value may be a secret. A search by one expression would take a time that grows with the cube of the length. */
function withoutQuerySecret(text: string): string {
  let end = 0;
  for (const part of text.split('=').slice(0, -1)) {
    end += part.length + 1;
    const name = part.slice(Math.max(part.lastIndexOf('&'), part.lastIndexOf(';'), part.lastIndexOf('#'), 0));
    const start = name.search(/[?&;]/);
    if (start >= 0 && SECRET_PARAMETER.test(name.slice(start))) return `${text.slice(0, end)}…`;
  }
  return text;
}

function redactAll(value: unknown, nodes: readonly JsonSchema[], root: JsonSchema): unknown {
  if (value === undefined || value === null) return value;
  if (nodes.some(isSecret)) return HIDDEN;
  if (Array.isArray(value)) {
    return value.map((item, i) =>
      redactAll(
        item,
        nodes.flatMap((node) => childrenOf(node, i, root)),
        root,
      ),
    );
  }
  if (typeof value === 'object') {
    const entries = Object.entries(value).map(([key, inner]) => {
      const children = nodes.flatMap((node) => childrenOf(node, key, root));
      const isHidden = SECRET_NAME.test(key) && inner !== undefined;
      return [key, isHidden ? HIDDEN : redactAll(inner, children, root)];
    });
    return Object.fromEntries(entries);
  }
  if (typeof value !== 'string') return value;
  return nodes.some(isAddress) || value.includes('://') ? withoutCredentials(value) : value;
}

function isSecret({ secret }: JsonSchema): boolean {
  return secret === true;
}

function isAddress({ secret, format }: JsonSchema): boolean {
  return secret === 'address' || format === 'uri';
}

const holding = new WeakMap<JsonSchema, boolean>();

/** Whether a place is a secret, or has one or an address below it. */
function holdsSecret(node: JsonSchema, root: JsonSchema): boolean {
  const known = holding.get(node);
  if (known !== undefined) return known;
  holding.set(node, false);
  const { properties = {}, additionalProperties, items, prefixItems = [] } = node;
  const children = [...Object.values(properties), additionalProperties, items, ...prefixItems];
  const holds =
    isSecret(node) ||
    children.some(
      (child) =>
        typeof child === 'object' &&
        alternativesOf(child, root).some((one) => isAddress(one) || holdsSecret(one, root)),
    );
  holding.set(node, holds);
  return holds;
}

function passwordOf(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { password } = new URL(address);
  if (password === '') return [];
  // As it stands in the address, and as it is sent.
  const sent = new URLSearchParams(`password=${password.replaceAll('+', '%2B')}`).get('password') ?? '';
  return [password, sent];
}
