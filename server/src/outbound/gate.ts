import type { LookupAddress } from 'node:dns';
import { lookup as lookUp } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Unavailable } from '../domain/errors.ts';
import { kindOfAddress } from './addresses.ts';

/**
 * The origin of an address. `configuration`: this machine and private networks are allowed, and messages may quote the server's text;
 * `administrator`: the same networks are allowed, nothing is quoted; `anyone`: only public addresses are allowed.
 */
export type NamedBy = 'configuration' | 'administrator' | 'anyone';

/** All addresses of a name, from the system's resolver. */
export type Resolver = (host: string) => Promise<readonly LookupAddress[]>;

/** A host by name or IP address, and a port. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** Default ports per scheme. */
const PORTS: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
]);

/** The address must not be connected to. The error is temporary, because a name may resolve to another address later. */
export class AddressRefused extends Unavailable {}

/**
 * Allows outbound connections to named servers, and to public addresses to which they redirect. Names are resolved and checked for each
 * connection, and the connection uses the checked address.
 */
export class Gate {
  readonly by: NamedBy;
  readonly #named: readonly Server[] | null;
  readonly #resolve: Resolver;

  /** @param named null: any host that a provider's client derives from a configuration without an address */
  constructor(named: readonly Server[] | null, by: NamedBy, resolve: Resolver = resolveAll) {
    this.by = by;
    this.#named = named?.map(({ host, port }) => ({ host: bare(host), port })) ?? null;
    this.#resolve = resolve;
  }

  static to(url: string | URL, by: NamedBy, resolve?: Resolver): Gate {
    return new Gate([serverOf(new URL(url))], by, resolve);
  }

  /**
   * The lookup function for `net.connect`.
   * @throws AddressRefused immediately if `host` is an IP address that is not allowed, because IP addresses are not resolved
   */
  lookupFor(host: string, port: number): LookupFunction {
    const name = bare(host);
    if (isIP(name) !== 0) this.#check(name, name, port);
    return (wanted, options, done) => {
      this.#resolveAllowed(wanted, port).then(
        (found) => {
          const family = options.family === 4 || options.family === 'IPv4' ? 4 : options.family ? 6 : 0;
          const fitting = family === 0 ? found : found.filter((one) => one.family === family);
          const [first] = fitting;
          if (first === undefined) return done(new Unavailable(`${wanted} has no address`), '', 0);
          if (options.all) done(null, [...fitting]);
          else done(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => done(error, '', 0),
      );
    };
  }

  /**
   * Resolves and checks the named servers, for a client that opens its own connections.
   * @throws AddressRefused
   */
  async check(): Promise<void> {
    for (const { host, port } of this.#named ?? []) {
      if (isIP(host) !== 0) this.#check(host, host, port);
      else await this.#resolveAllowed(host, port);
    }
  }

  /** Rejects a name if any of its addresses is not allowed, because any of them may be used for the connection. */
  async #resolveAllowed(host: string, port: number): Promise<readonly LookupAddress[]> {
    const found = await this.#resolve(host);
    for (const { address } of found) this.#check(host, address, port);
    return found;
  }

  #check(host: string, address: string, port: number): void {
    const { kind, range } = kindOfAddress(address);
    if (kind === 'public') return;
    const isNamed = this.#named?.some((one) => one.host === bare(host) && one.port === port) ?? true;
    if (kind === 'local' && isNamed && this.by !== 'anyone') return;
    const what = host === address ? host : `${host} (${address})`;
    throw new AddressRefused(`${what} is not connected: ${reasonFor(kind, range, isNamed)}`);
  }
}

function reasonFor(kind: 'local' | 'never', range: string, isNamed: boolean): string {
  if (kind === 'never') return `addresses of the range ${range} are never allowed; use another address of the server`;
  const only = 'this machine and private networks are allowed only where the configuration or an administrator names';
  return isNamed ? `${only} the address` : `${only} the address itself, not where a server refers to it`;
}

/** Host and port of an address. */
export function serverOf(url: URL): Server {
  return { host: url.hostname, port: url.port === '' ? (PORTS.get(url.protocol) ?? 0) : Number(url.port) };
}

/** The host in lower case, without brackets and trailing dot. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function resolveAll(host: string): Promise<LookupAddress[]> {
  return lookUp(host, { all: true });
}
