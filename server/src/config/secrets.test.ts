import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { jsonSchemaOf, schemasAt } from '../domain/json-schema.ts';
import { secretPaths } from '../domain/secrets.ts';
import { loadConfig } from './load.ts';
import { openLog } from './log.ts';
import { redactedYaml } from './redact.ts';
import { Config } from './schema.ts';

/** All settings with secret values. New ones must be added. */
const SECRETS = [
  'archive.store.connection_string',
  'archive.store.endpoint',
  'archive.store.secret_access_key',
  'auth.admin_token',
  'backup.copy_to.connection_string',
  'backup.copy_to.endpoint',
  'backup.copy_to.secret_access_key',
  'backup.identities.*',
  'backup.passphrase',
  'http.public_url',
  'migration.influxdb.password',
  'migration.influxdb.token',
  'migration.influxdb.url',
  'records.password',
  'records.url',
  'stores.*.password',
  'stores.*.token',
  'stores.*.url',
];

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Valid configurations around a secret, so that everything else is correct. */
const AROUND: readonly object[] = [
  {},
  { stores: [{ type: 'influxdb', url: 'http://localhost' }], records: { type: 'postgres' } },
  { stores: [{ type: 'postgres' }], archive: { store: { type: 's3', bucket: 'b' } } },
  { archive: { store: { type: 'azure', container: 'c' } }, backup: { copy_to: { type: 'azure', container: 'c' } } },
  { archive: { store: { type: 'gcs', bucket: 'b' } }, backup: { copy_to: { type: 's3', bucket: 'b' } } },
];

const marker = fc
  .array(fc.constantFrom(...'abcXYZ019@:/?#&=%+ $"\\\'{}[]!*|>-é🔋'), { minLength: 0, maxLength: 12 })
  .map((parts) => `S3CR3T${parts.join('')}S3CR3T`);

/** Strings and other values that contain the secret. */
const wrong = marker.chain((text) =>
  fc.constantFrom<unknown>(
    text,
    `${text}-long-enough-for-every-rule`,
    `AGE-SECRET-KEY-${text}`,
    `postgres://me:${text}@db/energy`,
    // A password without a delimiter after it is recognised only if it is encoded.
    `postgres://me:${encodeURIComponent(text)}`,
    `http://${encodeURIComponent(text)}@localhost:8086`,
    `http://me:${text}@localhost:8086/`,
    `mysql:me:${text}@localhost`,
    `postgres://db/energy?password=${text}`,
    [text],
    { [`${text} `]: text },
    { inner: { deeper: text } },
    [[text]],
  ),
);

function outputOf(load: () => Config): string {
  try {
    const config = load();
    return redactedYaml(config) + logOf(config);
  } catch (error) {
    const { message, fields, cause } = error as Error & { fields?: unknown };
    return JSON.stringify([message, fields, String(cause ?? '')]);
  }
}

/** The log output for errors that quote the configuration. */
function logOf(config: Config): string {
  const lines: string[] = [];
  const into = new Writable({
    write: (line, _, done) => {
      lines.push(String(line));
      done();
    },
  });
  const log = openLog(config, 'info', into as never);
  const logged = JSON.stringify([config.auth, config.backup, config.migration.influxdb.token]);
  const cause = Object.assign(new Error(logged), { config: { headers: logged } });
  log.error({ err: new Error('outer', { cause }) }, logged);
  return lines.join('');
}

function withAt(tree: object, path: readonly string[], value: unknown): object {
  const copy = structuredClone(tree) as Record<string, unknown>;
  let node = copy;
  for (const [i, key] of path.entries()) {
    const name = key === '*' ? '0' : key;
    if (i === path.length - 1) node[name] = value;
    else {
      if (typeof node[name] !== 'object' || node[name] === null) node[name] = path[i + 1] === '*' ? [] : {};
      node = Object(node[name]);
    }
  }
  return copy;
}

describe('a secret of the configuration', () => {
  it('is marked in the schema, as is every setting whose name suggests a secret', () => {
    expect(secretPaths(Config).sort()).toEqual(SECRETS);
    const names = JSON.stringify(jsonSchemaOf(Config)).matchAll(
      /"([a-z_]*(?:passw|passphrase|secret|token|identit|credential|connection_string)[a-z_]*)":\{/g,
    );
    const marked = new Set(SECRETS.flatMap((path) => path.split('.')));
    for (const [, name = ''] of names) expect(marked, name).toContain(name);
  });

  it('is in no output, whatever its error and wherever it is set', () => {
    const at = fc.constantFrom(...SECRETS.map((path) => path.split('.')));
    // Also set at a level above, as the value of an enclosing setting.
    const cut = fc.nat({ max: 2 });
    fc.assert(
      fc.property(
        at,
        cut,
        wrong,
        fc.constantFrom(...AROUND),
        fc.constantFrom('yaml', 'variable', 'file', 'path'),
        (path, up, value, around, how) => {
          const place = path.slice(0, Math.max(1, path.length - up));
          const file = join(folder, 'wattkeeper.yaml');
          const environment: Record<string, string> = {};
          const variable = `WATTKEEPER_${place.join('__').replaceAll('*', '0').toUpperCase()}`;
          const text = typeof value === 'string' ? value : JSON.stringify(value);
          writeFileSync(file, stringify(how === 'yaml' ? withAt(around, place, value) : around));
          if (how === 'variable') environment[variable] = text;
          if (how === 'path') environment[`${variable}_FILE`] = text;
          if (how === 'file') {
            environment[`${variable}_FILE`] = join(folder, 'secret');
            writeFileSync(join(folder, 'secret'), text);
          }
          expect(outputOf(() => loadConfig({ file, environment }))).not.toMatch(/S3CR3T/);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('is not in the error message for a file that is not YAML', () => {
    const file = join(folder, 'broken.yaml');
    for (const text of [
      'auth: {admin_token: S3CR3T',
      'a: *S3CR3T',
      'a: !S3CR3T x\nb: [',
      'a: "S3CR3T\\q"',
      'S3CR3T',
      '- S3CR3T',
      'a: b: S3CR3T',
      'auth:\n  admin_token S3CR3T: x',
    ]) {
      writeFileSync(file, text);
      const output = outputOf(() => loadConfig({ file, environment: {} }));
      expect(output, text).toMatch(/broken\.yaml|is not a setting|configuration/);
      expect(output, text).not.toMatch(/S3CR3T/);
    }
  });
});

it('a setting whose name ends in _file receives the path, not the content of the file', () => {
  const environment = {
    WATTKEEPER_ARCHIVE__STORE__TYPE: 'gcs',
    WATTKEEPER_ARCHIVE__STORE__BUCKET: 'b',
    WATTKEEPER_ARCHIVE__STORE__KEY_FILE: '/etc/key.json',
  };
  expect(loadConfig({ environment }).archive.store).toMatchObject({ key_file: '/etc/key.json' });
  expect(schemasAt(Config, ['archive', 'store', 'key_file'])).not.toEqual([]);
});
