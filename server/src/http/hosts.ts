import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { Misdirected } from '../domain/errors.ts';

/** Suffixes of names that no public name server resolves (RFC 6761, 6762, 8375; ICANN for .internal), and the suffix of most routers. */
const PRIVATE_ENDS = ['.localhost', '.local', '.home.arpa', '.internal', '.lan', '.fritz.box'];

/**
 * Accepts only requests to known host names. A page of another site can resolve its own name to the address of this machine (DNS rebinding) and would
 * then have the same origin as the service. Such a name is public; IP addresses, names without a dot and names of private networks are therefore safe.
 *
 * @param configured names of `http.allowed_hosts` (`.example.org` matches all its subdomains) and of `http.public_url`
 */
export function checkHosts(app: FastifyInstance, configured: readonly string[]): void {
  const names = new Set([hostname(), ...configured].map((name) => name.toLowerCase()));
  app.addHook('onRequest', async ({ headers: { host } }) => {
    if (host === undefined || isKnown(nameOf(host), names)) return;
    throw new Misdirected(
      `this service has no name such as "${nameOf(host).slice(0, 100)}": add it to http.allowed_hosts, or set http.public_url`,
    );
  });
}

/** The name in a Host header, without its port. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function isKnown(name: string, names: ReadonlySet<string>): boolean {
  if (isIP(name) !== 0 || names.has(name)) return true;
  if (!name.includes('.')) return true;
  if (PRIVATE_ENDS.some((end) => name.endsWith(end))) return true;
  return [...names].some((known) => known.startsWith('.') && name.endsWith(known));
}
