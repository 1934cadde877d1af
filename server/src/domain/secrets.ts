import type { z } from 'zod';
import { alternativesOf, childrenOf, type JsonSchema, jsonSchemaOf, schemasAt } from './json-schema.ts';

/** Placeholder for a secret. */
export const HIDDEN = '(not shown)';
/** Maximum number of characters of a value that a message quotes. */
export const MAX_SHOWN_CHARACTERS = 60;

/** Names of secrets, for values without a schema or with a missing mark. */
const SECRET_NAME =
  /pass(word|wd|phrase)?$|token|secret|credential|identit|private|api_?key|access_?key$|connection_string/i;

/** Names of URL parameters whose values may be secrets. */
const SECRET_PARAMETER = /pass|pwd|token|secret|credential|key|sig|auth|code|[?&;]p$/i;

/**
 * The part of an invalid value that a message may quote: null if the value is, or may contain, a secret, such as a text in place of
 * settings with a password.
 */
export function shown(schema: z.ZodType | undefined, path: readonly PropertyKey[], value: unknown): string | null {
  const root = schema && jsonSchemaOf(schema);
  const nodes = schema === undefined ? [] : schemasAt(schema, path);
  if (root !== undefined && nodes.some((node) => holdsSecret(node, root))) return null;
  if (path.some((key) => SECRET_NAME.test(String(key)))) return null;
  // A text that is not an address may be the password alone.
  if (nodes.some(({ secret }) => secret === 'address') && !/^[\w+.-]+:\/\//.test(String(value))) return null;
  const text = JSON.stringify(redactAll(value, nodes, root ?? {})) ?? 'nothing';
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}

/** A value without its secrets: those marked in its schema, and those with the name of a secret. */
export function redacted(schema: z.ZodType | undefined, value: unknown): unknown {
  return redactAll(
    value,
    schema === undefined ? [] : schemasAt(schema, []),
    schema === undefined ? {} : jsonSchemaOf(schema),
  );
}

/** The secrets in a valid value. */
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

/** Paths of all secrets in a schema; `*` is an index or a free name. For tests. */
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
 * An address without credentials: user and password, and query values that may be secrets. An invalid address must not reveal its password
 * either, so the address is not parsed: everything up to the last `@` is removed, except the scheme and the user's name.
 */
export function withoutCredentials(text: string): string {
  return withoutQuerySecret(text)
    .replace(/^([\w+.-]+:\/\/)?([^:@/?#\s]*):.*@/s, '$1$2:…@')
    .replace(/^([\w+.-]+:\/\/)[^:@]*@/s, '$1…@')
    .replace(/^([\w+.-]+:\/\/[^:/?#@[]*):(?!\d{1,5}(?:[/?#]|$))[^…].*/s, '$1:…');
}

/** The address up to the first parameter whose value may be a secret. A single regular expression would take time cubic in the length. */
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

/** Whether a schema node is a secret, or contains one or an address. */
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
  // As in the address, and as sent.
  const sent = new URLSearchParams(`password=${password.replaceAll('+', '%2B')}`).get('password') ?? '';
  return [password, sent];
}
