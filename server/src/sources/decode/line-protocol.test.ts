import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Config } from '../../config/schema.ts';
import { type DecodedLines, decodeLineProtocol } from './line-protocol.ts';

const NOW = 1_700_000_000_000;
const { device_tags: deviceTags, label_tags: labelTags } = Config.parse({}).ingest;
const decode = (text: string | Uint8Array, precision: 'ns' | 'us' | 'ms' | 's' | 'm' | 'h' = 'ns') =>
  decodeLineProtocol(typeof text === 'string' ? new TextEncoder().encode(text) : text, {
    precision,
    nowMs: NOW,
    deviceTags,
    labelTags,
  });

/** All accepted rows, in a comparable form. */
function rowsOf({ blocks }: DecodedLines): unknown[] {
  return blocks.flatMap((block) =>
    Array.from(block.timestamps, (timestamp, row) => ({
      group: block.group,
      device: block.devices[block.device[row]!],
      timestamp,
      values: Object.fromEntries(
        block.quantities.flatMap((quantity, c) => {
          const value = block.columns[c]![row]!;
          return Number.isNaN(value) ? [] : [[quantity, value]];
        }),
      ),
    })),
  );
}

test('measurement, tag, fields and time become group, device, quantities and milliseconds', () => {
  const decoded = decode(
    'battery,device=inv1,site=home soc_percent=74.5,power_kw=-1.25,cycles=12i,on=true,n=7u 1451606400123456789',
  );
  expect(rowsOf(decoded)).toEqual([
    {
      group: 'battery',
      device: 'inv1',
      timestamp: 1_451_606_400_123,
      values: { soc_percent: 74.5, power_kw: -1.25, cycles: 12, on: 1, n: 7 },
    },
  ]);
  expect(decoded.labels.get('inv1')).toEqual({ site: 'home' });
});

test('leading zeros do not make an integer too long', () => {
  const values = (text: string) => decode(text).blocks[0]?.columns.map((column) => column[0]);
  expect(
    values(`m a=${'0'.repeat(40)}7i,b=-${'0'.repeat(40)}7i,c=-9223372036854775808i,d=18446744073709551615u`),
  ).toEqual([7, -7, -(2 ** 63), 2 ** 64]);
});

test('every precision gives the same instant', () => {
  const at = (time: string, precision: Parameters<typeof decode>[1]) =>
    decode(`m v=1 ${time}`, precision).blocks[0]?.timestamps[0];
  expect(at('1451606400000000000', 'ns')).toBe(1_451_606_400_000);
  expect(at('1451606400000000', 'us')).toBe(1_451_606_400_000);
  expect(at('1451606400000', 'ms')).toBe(1_451_606_400_000);
  expect(at('1451606400', 's')).toBe(1_451_606_400_000);
  expect(at('24193440', 'm')).toBe(1_451_606_400_000);
  expect(at('403224', 'h')).toBe(1_451_606_400_000);
  expect(decode('m v=1').blocks[0]?.timestamps[0]).toBe(NOW);
});

test('names are unescaped as in InfluxDB, and dots in field keys become underscores', () => {
  const decoded = decode('my\\ group,device=the\\ one\\,here,a\\=b=c d\\ e=1,f.g=2 1000000');
  expect(rowsOf(decoded)).toEqual([
    { group: 'my group', device: 'the one,here/a\\=b=c', timestamp: 1, values: { 'd e': 1, f_g: 2 } },
  ]);
  expect(decoded.labels.get('the one,here/a\\=b=c')).toEqual({ device: 'the one,here', 'a=b': 'c' });
});

test('string fields are counted and omitted, whatever they contain', () => {
  const decoded = decode(
    'm,host=h s="a, b=c \\" d\nnext",v=1 1000000\nm,host=h s="only text" 2000000\nm,host=h v=3 3000000',
  );
  expect(decoded).toMatchObject({ lines: 3, strings: 2, bad: 0 });
  expect(rowsOf(decoded)).toMatchObject([{ values: { v: 1 } }, { values: { v: 3 } }]);
});

test('lines without a device tag are distinguished by their tags', () => {
  const devices = decode('m,b=2,a=1 v=1\nm,a=1,b=2 v=2 5\nm v=3').blocks.flatMap(({ devices }) => devices);
  expect(devices).toEqual(['a=1;b=2', 'line-protocol']);
});

test('comments, empty lines, CRLF and a field named twice', () => {
  expect(rowsOf(decode('# a comment\n\r\n  \nm,host=h v=1,v=2 1000000\r\nm,host=h v=3 2000000\r\n'))).toMatchObject([
    { timestamp: 1, values: { v: 2 } },
    { timestamp: 2, values: { v: 3 } },
  ]);
});

test.each([
  ['cpu', 'missing fields'],
  ['cpu ', 'invalid field format'],
  [',host=a v=1', 'missing measurement'],
  ['cpu,host v=1', 'missing tag value'],
  ['cpu,host= v=1', 'missing tag value'],
  ['cpu,host=a,host=b v=1', 'duplicate tags'],
  ['cpu =1', 'missing field key'],
  ['cpu v', 'invalid field format'],
  ['cpu v=', 'missing field value'],
  ['cpu v=1.2.3', 'invalid number'],
  ['cpu v=NaN', 'invalid number'],
  ['cpu v=1e999', 'invalid float'],
  ['cpu v=0x1F', 'invalid number'],
  ['cpu v=-1u', 'invalid number'],
  ['cpu v=9223372036854775808i', 'value out of range'],
  [`cpu v=${'9'.repeat(399)}i`, 'value out of range'],
  [`cpu v=0.${'0'.repeat(400)}1e401`, 'longer than 400 characters'],
  ['cpu v="x', 'unbalanced quotes'],
  ['cpu v=1 now', 'bad timestamp'],
  ['cpu v=1 12345678901234567890', 'value out of range'],
  ['cpu v=1 1 2', 'point is invalid'],
])('%j is rejected: %s; the lines around it are accepted', (bad, reason) => {
  const decoded = decode(`m v=1 1000000\n${bad}\nm v=2 2000000\n`);
  expect(decoded.bad).toBe(1);
  expect(decoded.errors).toMatchObject([{ line: 2 }]);
  expect(decoded.errors[0]?.detail).toContain(reason);
  expect(decoded.blocks.find(({ group }) => group === 'm')?.columns[0]).toEqual(Float64Array.of(1, 2));
});

test('numbers equal the result of Number() for their text', () => {
  const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }), fc.nat(25)).map(([digits, places]) => {
    const text = String(digits < 0n ? -digits : digits).padStart(places + 1, '0');
    const at = text.length - places;
    return `${digits < 0n ? '-' : ''}${text.slice(0, at)}${places > 0 ? `.${text.slice(at)}` : ''}`;
  });
  const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
  fc.assert(
    fc.property(fc.oneof(decimal, double), (text) => {
      expect(decode(`m v=${text} 1`).blocks[0]?.columns[0]?.[0]).toBe(Number(text));
    }),
    { numRuns: 2000 },
  );
});

test('a line ends at its newline, whatever precedes it', () => {
  // A carriage return within a line, and a backslash after a string.
  for (const bad of ['m v=3680\r\r 17,x=2 5', 'm v=1 17\r 5', 'm v=1\r x=2']) {
    const { bad: refused, lines } = decode(`${bad}\nlast v=42 5000000`);
    expect([refused, lines]).toEqual([1, 1]);
  }
  expect(rowsOf(decode('m a=82,text="too \\"h"ot\\\nlast v=42 5000000'))).toHaveLength(2);
  expect(decode('m v=1 5\r\nlast v=42 5000000\r').lines).toBe(2);
});

test('for any bytes, decoding ends, and a good line after them is accepted', () => {
  const soup = fc.array(fc.constantFrom(...'m,=\\ "\n\r#1.e-tiu', 'host=', '\u00e9', '\0'), { maxLength: 60 });
  fc.assert(
    fc.property(soup, (parts) => {
      const decoded = decode(`${parts.join('')}\nlast,host=h v=42 5000000\n`);
      const last = decoded.blocks.find(({ group }) => group === 'last');
      // An opening quote among the random bytes could include the last line only with a closing quote after it, which there never is.
      expect(last?.columns.at(-1)?.at(-1)).toBe(42);
    }),
    { numRuns: 5000 },
  );
});
