import { stringify } from 'yaml';
import { redacted } from '../domain/secrets.ts';
import { Config } from './schema.ts';

/** The effective configuration as YAML, without its secrets. */
export function redactedYaml(config: Config): string {
  return stringify(redacted(Config, config));
}
