import { readFileSync } from 'node:fs';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { closest } from '../domain/closest.ts';
import { type FieldError, InvalidInput, messageOf } from '../domain/errors.ts';
import { schemasAt } from '../domain/json-schema.ts';
import { HIDDEN, shown } from '../domain/secrets.ts';
import { Config } from './schema.ts';

export interface LoadOptions {
  /** Path given on the command line; the file must exist. Default: `wattkeeper.yaml`, if it exists. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const PREFIX = 'WATTKEEPER_';
const DEFAULT_FILE = 'wattkeeper.yaml';
/** Variables with the prefix that are not settings. */
const NOT_CONFIGURATION = /^WATTKEEPER_(TEST_|CONFIG$|TOKEN$)/;

const LIST_INDEX = /^\d{1,3}$/;
/** The syntax of a setting's name. Other text may be a value in the wrong place, possibly a secret. */
const SETTING_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,40}$/;

type Tree = { [key: string]: unknown };

/**
 * Reads the configuration: defaults, then the YAML file, then `WATTKEEPER_…` variables (`__` nests, numbers index lists).
 * `${NAME}` in YAML is replaced with the variable. A variable whose name ends in `_FILE` contains the path of a file with the value.
 * Throws `InvalidInput` with all errors: path, given value, allowed values.
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
    const tree: unknown = parseYaml(text, { logLevel: 'error' }) ?? {};
    if (typeof tree !== 'object' || Array.isArray(tree)) {
      errors.push({ field: file, detail: `must hold settings by name; found ${typeName(tree)}` });
      return {};
    }
    return fillIn(tree, environment, errors, file) as Tree;
  } catch (error) {
    errors.push({ field: file, detail: `is not YAML${placeOf(error)}` });
    return {};
  }
}

/** The position and reason of a syntax error, without the quoted text. */
function placeOf(error: unknown): string {
  if (!(error instanceof YAMLParseError)) return ': it refers to something that it does not define';
  const [at] = error.linePos ?? [];
  return `${at === undefined ? '' : ` at line ${at.line}, column ${at.col}`}: ${error.code.toLowerCase().replaceAll('_', ' ')}`;
}

/** Replaces `${NAME}` in every string. */
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
    // The names of some settings end in _file.
    if (key.endsWith('_file') && typesAt(key.split('__')).length === 0) {
      key = key.slice(0, -'_file'.length);
      try {
        value = readFileSync(given, 'utf8').trim();
      } catch (error) {
        // The original message contains the path, which may be the secret itself.
        const { code } = error as NodeJS.ErrnoException;
        errors.push({ field: name, detail: `must be the path of a file that can be read (${code})` });
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

/** Converts the text of a variable to the type that the schema has at the path. */
function fitting(path: readonly string[], text: string): unknown {
  const types = typesAt(path);
  if (types.includes('boolean') && /^(true|false|1|0|on|off|yes|no)$/i.test(text))
    return /^(true|1|on|yes)$/i.test(text);
  if ((types.includes('number') || types.includes('integer')) && text.trim() !== '' && Number.isFinite(Number(text))) {
    return Number(text);
  }
  if (types.includes('null') && text === 'null') return null;
  if (types.includes('array')) return text.split(',').map((item) => item.trim());
  return text;
}

function typesAt(path: readonly string[]): (string | undefined)[] {
  return schemasAt(Config, path).map(({ type }) => type);
}

function describeIssue(issue: z.core.$ZodIssue, tree: Tree): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: [...path, SETTING_NAME.test(key) ? key : HIDDEN].join('.'),
      detail: `is not a setting${suggestion(key, path)}`,
    }));
  }
  const found = path.reduce<unknown>((node, key) => ownValue(node as Tree | undefined, key), tree);
  const quoted = shown(Config, path, found);
  const detail = quoted === null ? issue.message : `${issue.message}; found ${quoted}`;
  return [{ field: path.join('.') || 'configuration', detail }];
}

/** Lists the settings that are allowed instead of an unknown one, the most similar first. */
function suggestion(key: string, path: readonly string[]): string {
  const allowed = schemasAt(Config, path).flatMap(({ properties = {} }) => Object.keys(properties));
  if (allowed.length === 0) return '';
  return `; did you mean ${closest(key, allowed) ?? allowed[0]}? Allowed: ${allowed.join(', ')}`;
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? 'a list' : typeof value;
}
