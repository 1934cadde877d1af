import { readFileSync } from 'node:fs';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { type FieldError, InvalidInput, messageOf } from '../domain/errors.ts';
import { Config } from './schema.ts';

export interface LoadOptions {
  /** Path given on the command line; it must exist. Without it `wattkeeper.yaml` is read where there is one. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const PREFIX = 'WATTKEEPER_';
const DEFAULT_FILE = 'wattkeeper.yaml';
/** Variables with the prefix that are not configuration. */
const NOT_CONFIGURATION = /^WATTKEEPER_(TEST_|CONFIG$|TOKEN$)/;

const LIST_INDEX = /^\d{1,3}$/;

type Tree = { [key: string]: unknown };

/**
 * Reads the configuration: defaults, then the YAML file, then `WATTKEEPER_…` variables (`__` nests, numbers index lists).
 * `${NAME}` in YAML takes a variable; a variable whose name ends in `_FILE` gives the content of that file.
 * Throws `InvalidInput` with every error at once: path, what was found, what is allowed.
 */
export function loadConfig({ file, environment }: LoadOptions): Config {
  const errors: FieldError[] = [];
  const path = file ?? environment.WATTKEEPER_CONFIG;
  const tree = readTree(path ?? DEFAULT_FILE, path !== undefined, environment, errors);
  applyEnvironment(tree, environment, errors);
  const parsed = Config.safeParse(tree);
  if (!parsed.success) errors.push(...parsed.error.issues.flatMap((issue) => describeIssue(issue, tree)));
  if (errors.length > 0 || !parsed.success) {
    const list = errors.map(({ field, detail }) => `  ${field}: ${detail}`).join('\n');
    throw new InvalidInput(`the configuration has ${errors.length} error${errors.length === 1 ? '' : 's'}:\n${list}`, {
      fields: errors,
    });
  }
  return parsed.data;
}

function readTree(
  file: string,
  required: boolean,
  environment: LoadOptions['environment'],
  errors: FieldError[],
): Tree {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!missing || required) errors.push({ field: file, detail: `cannot be read: ${messageOf(error)}` });
    return {};
  }
  try {
    const tree: unknown = parseYaml(text) ?? {};
    if (typeof tree !== 'object' || Array.isArray(tree)) {
      errors.push({ field: file, detail: `must hold settings by name; found ${typeName(tree)}` });
      return {};
    }
    return fillIn(tree, environment, errors, file) as Tree;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    errors.push({ field: file, detail: `is not YAML: ${error.message.split('\n')[0]}` });
    return {};
  }
}

/** Replaces `${NAME}` in every text. */
function fillIn(value: unknown, environment: LoadOptions['environment'], errors: FieldError[], path: string): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
      const found = ownValue(environment, name);
      if (found === undefined) errors.push({ field: path, detail: `\${${name}} is not set in the environment` });
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item, i) => fillIn(item, environment, errors, `${path}.${i}`));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fillIn(item, environment, errors, `${path}.${key}`)]),
    );
  }
  return value;
}

function applyEnvironment(tree: Tree, environment: LoadOptions['environment'], errors: FieldError[]): void {
  for (const [name, given] of Object.entries(environment).sort(([a], [b]) => a.localeCompare(b))) {
    if (!name.startsWith(PREFIX) || NOT_CONFIGURATION.test(name) || given === undefined) continue;
    let key = name.slice(PREFIX.length).toLowerCase();
    let value = given;
    if (key.endsWith('_file')) {
      key = key.slice(0, -'_file'.length);
      try {
        value = readFileSync(given, 'utf8').trim();
      } catch (error) {
        errors.push({ field: name, detail: `cannot be read: ${messageOf(error)}` });
        continue;
      }
    }
    const path = key.split('__');
    setAt(tree, path, fitting(path, value), errors);
  }
}

function setAt(tree: Tree, path: readonly string[], value: unknown, errors: FieldError[]): void {
  let node = tree as Tree | unknown[];
  for (const [i, key] of path.entries()) {
    if (Array.isArray(node) && !LIST_INDEX.test(key)) {
      errors.push({
        field: path.join('.'),
        detail: `is in a list, whose entries are numbered 0 to 999; found "${key}"`,
      });
      return;
    }
    if (i === path.length - 1) {
      (node as Tree)[key] = value;
      return;
    }
    const child = ownValue(node as Tree, key);
    const next = typeof child === 'object' && child !== null ? child : /^\d+$/.test(path[i + 1]!) ? [] : {};
    (node as Tree)[key] = next;
    node = next as Tree;
  }
}

/** Variables are texts; the schema's type at the path says what the text stands for. */
function fitting(path: readonly string[], text: string): unknown {
  const types = typesAt(z.toJSONSchema(Config, { io: 'input' }) as JsonSchema, path);
  if (types.includes('boolean') && /^(true|false|1|0|on|off|yes|no)$/i.test(text))
    return /^(true|1|on|yes)$/i.test(text);
  if ((types.includes('number') || types.includes('integer')) && text.trim() !== '' && Number.isFinite(Number(text))) {
    return Number(text);
  }
  if (types.includes('null') && text === 'null') return null;
  if (types.includes('array')) return text.split(',').map((item) => item.trim());
  return text;
}

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** What keys that are not named have; false: there are none. */
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

function typesAt(schema: JsonSchema | undefined, path: readonly string[]): string[] {
  if (!schema) return [];
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (alternatives.length > 0) return alternatives.flatMap((alternative) => typesAt(alternative, path));
  const [key, ...rest] = path;
  if (key === undefined) return schema.type ? [schema.type] : [];
  const named = ownValue(schema.properties, key) ?? schema.additionalProperties;
  return typesAt(/^\d+$/.test(key) ? schema.items : named || undefined, rest);
}

function describeIssue(issue: z.core.$ZodIssue, tree: Tree): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: [...path, key].join('.'),
      detail: `is not a setting${suggestion(key, path)}`,
    }));
  }
  const found = path.reduce<unknown>((node, key) => ownValue(node as Tree | undefined, key), tree);
  const secret = /token|password|secret|key/.test(path.at(-1) ?? '');
  const shown = secret ? '' : `; found ${withoutPassword(JSON.stringify(found) ?? 'nothing')}`;
  return [{ field: path.join('.') || 'configuration', detail: `${issue.message}${shown}` }];
}

/** An address shows its user, but not the password. */
function withoutPassword(shown: string): string {
  return shown.replace(/(:\/\/[^:@/]*):.*@/, '$1:…@');
}

/** Names the allowed settings beside a wrong one, the closest first. */
function suggestion(key: string, path: readonly string[]): string {
  const schema = z.toJSONSchema(Config, { io: 'input' }) as JsonSchema;
  const parent = path.reduce<JsonSchema | undefined>(
    (node, part) => (/^\d+$/.test(part) ? (node?.items?.oneOf?.[0] ?? node?.items) : ownValue(node?.properties, part)),
    schema,
  );
  const allowed = Object.keys(parent?.properties ?? {});
  if (allowed.length === 0) return '';
  const closest = allowed.toSorted((a, b) => distance(key, a) - distance(key, b));
  return `; did you mean ${closest[0]}? Allowed: ${allowed.join(', ')}`;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? 'a list' : typeof value;
}
