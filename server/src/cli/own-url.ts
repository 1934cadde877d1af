import type { Config } from '../config/schema.ts';

/** Address of this machine where the service listens on every address. */
const ANYWHERE = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '[::1]'],
]);

/** Where a service of this configuration answers on this machine, with its prefix, without a slash at the end. */
export function ownUrl({
  http: { host, port, prefix },
}: {
  http: Pick<Config['http'], 'host' | 'port' | 'prefix'>;
}): string {
  const name = ANYWHERE.get(host) ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${name}:${port}${prefix.replace(/\/$/, '')}`;
}
