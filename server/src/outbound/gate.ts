import type { LookupAddress } from 'node:dns';
import { lookup as lookUp } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Unavailable } from '../domain/errors.ts';
import { kindOfAddress } from './addresses.ts';

/**
 * Who named an address. `configuration`: this machine and private networks are allowed, and texts of the server may be quoted in messages;
 * `administrator`: such networks are allowed, nothing is quoted; `anyone`: only public addresses.
 */
export type NamedBy = 'configuration' | 'administrator' | 'anyone';

/** All addresses of a name, from the system's resolver. */
export type Resolver = (host: string) => Promise<readonly LookupAddress[]>;

/** A host by name or IP address, and a port. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** Default ports of addresses without a port. */
const PORTS: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
]);

/** An address that must not be connected to. Temporary, since a name may get another address. */
export class AddressRefused extends Unavailable {}

/**
 * Lets connections out to named servers, and to public addresses that they redirect to. Names are resolved and checked when a connection is
 * made, and the connection goes to the address that was checked.
 */
export class Gate {
  readonly by: NamedBy;
  readonly #named: readonly Server[] | null;
  readonly #resolve: Resolver;

  /** @param named null: whatever hosts a provider's client makes of a configuration without an address */
  constructor(named: readonly Server[] | null, by: NamedBy, resolve: Resolver = resolveAll) {
    this.by = by;
    this.#named = named?.map(({ host, port }) => ({ host: bare(host), port })) ?? null;
    this.#resolve = resolve;
  }

  static to(url: string | URL, by: NamedBy, resolve?: Resolver): Gate {
    return new Gate([serverOf(new URL(url))], by, resolve);
  }

  /**
   * What `net.connect` resolves a name with.
   * @throws AddressRefused for an IP address that is not allowed, which is not resolved
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
   * Resolves and checks the named servers, for a client that connects in its own way.
   * @throws AddressRefused
   */
  async check(): Promise<void> {
    for (const { host, port } of this.#named ?? []) {
      if (isIP(host) !== 0) this.#check(host, host, port);
      else await this.#resolveAllowed(host, port);
    }
  }

  /** One address that is not allowed is enough to refuse a name: which of them is connected is for the network to decide. */
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

/** Without brackets and the dot at the end, in small letters. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function resolveAll(host: string): Promise<LookupAddress[]> {
  return lookUp(host, { all: true });
}
