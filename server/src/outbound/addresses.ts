import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** `local`: this machine and private networks; `never`: addresses that no useful server has, or that must not be contacted. */
export type AddressKind = 'public' | 'local' | 'never';

/** Cloud metadata services, which expose credentials of the machine; those at link-local addresses are covered separately. */
const METADATA = [
  '100.100.100.200/32', // Alibaba
  '168.63.129.16/32', // Azure
  'fd00:ec2::/32', // AWS
  'fd00:42::42/128', // Scaleway
  'fd20:ce::254/128', // Google
].map((range) => ipaddr.parseCIDR(range));

const LOCAL: ReadonlySet<string> = new Set(['loopback', 'private', 'carrierGradeNat', 'uniqueLocal']);
/** Allocated global unicast addresses (RFC 4291, section 2.4). */
const GLOBAL_V6 = ipaddr.parseCIDR('2000::/3');
/** Ranges whose addresses end with an IPv4 address (RFC 4291, section 2.5.5; RFC 7915; RFC 6052). */
const ENDS_IN_V4 = ['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96'].map((range) =>
  ipaddr.parseCIDR(range),
);
const SIX_TO_FOUR = ipaddr.parseCIDR('2002::/16');

/**
 * The kind of an IP address, and the name of its range for messages. An IPv6 address that represents an IPv4 address (mapped, translated,
 * 6to4) has the kind of the IPv4 address; an unknown range is `never`.
 * @param text the address in the system's notation, without brackets
 */
export function kindOfAddress(text: string): { readonly kind: AddressKind; readonly range: string } {
  const address = ipaddr.parse(text);
  const range = address.range();
  if (METADATA.some((one) => address.kind() === one[0].kind() && address.match(one))) {
    return { kind: 'never', range: 'metadata service' };
  }
  if (range === 'loopback' || range === 'unspecified') return { kind: kindOfRange(range), range };
  if (address instanceof ipaddr.IPv6) {
    const inner = innerV4(address);
    if (inner !== null) return kindOfAddress(inner);
    if (range === 'unicast' && !address.match(GLOBAL_V6)) return { kind: 'never', range: 'unassigned' };
  }
  return { kind: kindOfRange(range), range };
}

/** Whether a host is an IP address that is never connected to. A name is checked when it is resolved. */
export function isNeverConnected(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 && kindOfAddress(address).kind === 'never';
}

function kindOfRange(range: string): AddressKind {
  if (range === 'unicast') return 'public';
  return LOCAL.has(range) ? 'local' : 'never';
}

function innerV4(address: ipaddr.IPv6): string | null {
  const bytes = address.toByteArray();
  if (ENDS_IN_V4.some((range) => address.match(range))) return bytes.slice(12).join('.');
  return address.match(SIX_TO_FOUR) ? bytes.slice(2, 6).join('.') : null;
}
