import { stringify } from 'yaml';
import type { Config } from './schema.ts';

const SECRET = /token|passphrase|password|secret|identit|connection_string/i;
const HIDDEN = '(not shown)';

/** The configuration in force as YAML, without its secrets. */
export function redactedYaml(config: Config): string {
  return stringify(redact(config));
}

function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value === 'string') return value.replace(/^(\w+:\/\/[^:/@]*):[^@/]*@/, `$1:${HIDDEN}@`);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      SECRET.test(key) && inner !== undefined ? HIDDEN : redact(inner),
    ]),
  );
}
