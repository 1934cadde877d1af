import type { Config } from '../config/schema.ts';
import { Conflict } from '../domain/errors.ts';

/** Address of this machine where the service listens on every address. */
const ANYWHERE = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '[::1]'],
]);

/**
 * Where the service that uses the data folder answers on this machine.
 * @throws Conflict when the configuration does not tell
 */
export function ownUrl({ http }: Config, inUse: Conflict): string {
  if (http.port === 0) {
    throw new Conflict(`${inUse.message}; or say with --url where it answers, since http.port is 0`, { cause: inUse });
  }
  const host = ANYWHERE.get(http.host) ?? (http.host.includes(':') ? `[${http.host}]` : http.host);
  return `http://${host}:${http.port}${http.prefix.replace(/\/$/, '')}`;
}
