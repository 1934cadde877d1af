import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isNeverConnected, kindOfAddress } from './addresses.ts';

it.each([
  ['public', '1.1.1.1'],
  ['public', '2606:4700::1111'],
  ['local', '127.0.0.1'],
  ['local', '127.255.255.254'],
  ['local', '10.0.0.1'],
  ['local', '172.31.255.255'],
  ['local', '192.168.0.1'],
  ['local', '100.64.0.1'],
  ['local', '::1'],
  ['local', 'fc00::1'],
  ['local', 'fd12:3456::1'],
  ['never', '0.0.0.0'],
  ['never', '0.1.2.3'],
  ['never', '::'],
  ['never', '169.254.0.1'],
  ['never', '169.254.169.254'],
  ['never', '169.254.170.2'],
  ['never', 'fe80::1'],
  ['never', 'fe80::1%eth0'],
  ['never', 'febf::1'],
  ['never', 'fec0::1'],
  ['never', 'fd00:ec2::254'],
  ['never', 'fd00:ec2::23'],
  ['never', 'fd20:ce::254'],
  ['never', 'fd00:42::42'],
  ['never', '100.100.100.200'],
  ['never', '168.63.129.16'],
  ['never', '192.0.0.192'],
  ['never', '192.0.2.1'],
  ['never', '198.18.0.1'],
  ['never', '224.0.0.1'],
  ['never', '240.0.0.1'],
  ['never', '255.255.255.255'],
  ['never', 'ff02::1'],
  ['never', '100::1'],
  ['never', '2001:0:7f00:1::'],
  ['never', '2001:db8::1'],
  ['never', '64:ff9b:1::7f00:1'],
  ['never', '4000::1'],
] as const)('%s: %s', (kind, address) => {
  expect(kindOfAddress(address).kind).toBe(kind);
});

it('an IPv4 address has the same kind in every IPv6 notation', () => {
  const byte = fc.nat(255);
  const inRange = fc.constantFrom(
    [127, 0],
    [10, 0],
    [169, 254],
    [192, 168],
    [100, 64],
    [0, 0],
    [224, 0],
    [100, 100],
    [8, 8],
  );
  fc.assert(
    fc.property(fc.oneof(fc.tuple(byte, byte), inRange), byte, byte, ([a, b], c, d) => {
      // In ::/96, addresses that end below 1.0.0.0 are native IPv6 addresses, such as ::1.
      fc.pre(a! > 0);
      const [high, low] = [((a! << 8) | b!).toString(16), ((c << 8) | d).toString(16)];
      const { kind } = kindOfAddress(`${a}.${b}.${c}.${d}`);
      for (const spelt of [
        `::ffff:${a}.${b}.${c}.${d}`,
        `::ffff:${high}:${low}`,
        `::${high}:${low}`,
        `::ffff:0:${high}:${low}`,
        `64:ff9b::${high}:${low}`,
        `2002:${high}:${low}::1`,
      ]) {
        expect(kindOfAddress(spelt).kind, spelt).toBe(kind);
      }
    }),
  );
});

it('recognises addresses that are never connected to; names are checked when they are resolved', () => {
  const hosts = ['169.254.1.1', '[fe80::1]', '[::]', '127.0.0.1', '[::1]', 'metadata.google.internal', ''];
  expect(hosts.filter(isNeverConnected)).toEqual(['169.254.1.1', '[fe80::1]', '[::]']);
});
