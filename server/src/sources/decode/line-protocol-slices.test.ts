import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Config } from '../../config/schema.ts';
import { type DecodedLines, decodeLineProtocol, MAX_LINE_BYTES } from './line-protocol.ts';
import { decodeLineProtocolSlices } from './line-protocol-slices.ts';

const { device_tags: deviceTags, label_tags: labelTags } = Config.parse({}).ingest;
const OPTIONS = { precision: 'ms' as const, nowMs: 1_700_000_000_000, deviceTags, labelTags };

const sourceOf = (bytes: Buffer) => ({
  length: bytes.length,
  read: (from: number, target: Uint8Array) => {
    const part = bytes.subarray(from, from + target.length);
    target.set(part);
    return part.length;
  },
  indexOf: (byte: number, from: number) => bytes.indexOf(byte, from),
});

/** The result of decoding, independent of the slices; values by device, metric and instant. */
function outcomeOf(slices: Iterable<DecodedLines>) {
  const values = new Map<string, number>();
  const labels = new Map<string, object>();
  const sum = { lines: 0, bad: 0, strings: 0 };
  const errors: DecodedLines['errors'][number][] = [];
  for (const { blocks, ...slice } of slices) {
    for (const { group, quantities, devices, device, timestamps, columns } of blocks) {
      for (const [c, column] of columns.entries()) {
        for (const [row, value] of column.entries()) {
          if (!Number.isNaN(value))
            values.set(`${devices[device[row]!]} ${group}.${quantities[c]} ${timestamps[row]}`, value);
        }
      }
    }
    for (const [name, given] of slice.labels) labels.set(name, { ...labels.get(name), ...given });
    for (const key of ['lines', 'bad', 'strings'] as const) sum[key] += slice[key];
    errors.push(...slice.errors);
  }
  return { ...sum, values, labels, errors: errors.slice(0, 20) };
}

const line = fc.oneof(
  fc
    .tuple(fc.nat(5), fc.nat(9), fc.nat(99))
    .map(([d, q, v]) => `m,host=d${d},site=s${d} q${q}=${v} ${1_700_000_000_000 + v}`),
  fc.nat(300).map((length) => `m text="${'\n,= \\"'.repeat(length)}",v=${length} ${1_700_000_000_000 + length}`),
  fc.constantFrom('# a comment', '', '   ', 'bad', 'm v=', 'm v=1 yesterday', 'm s="x" 1', '\r'),
);

test('a document decoded in slices gives the same result as decoded at once', () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), fc.boolean(), (lines, ends) => {
      const once = lines.join('\n').length + 1;
      const text =
        Array.from({ length: Math.ceil(300_000 / once) }, () => lines)
          .flat()
          .join('\n') + (ends ? '\n' : '');
      const bytes = Buffer.from(text);
      const slices = [...decodeLineProtocolSlices(sourceOf(bytes), OPTIONS)];
      expect(slices.length).toBeGreaterThan(1);
      expect(outcomeOf(slices)).toEqual(outcomeOf([decodeLineProtocol(bytes, OPTIONS)]));
    }),
    { numRuns: 8 },
  );
});

test.each([
  ['fields', (length: number) => `m ${'a=1,'.repeat(length / 4)}b=1 1`],
  ['a text', (length: number) => `m s="${'m v=666 1,'.repeat(length / 10)}" 1`],
  ['a comment', (length: number) => `#${'m v=666 1 '.repeat(length / 10)}`],
  ['an open quote', (length: number) => `m s="${'m v=666 1,'.repeat(length / 10)}`],
  ['spaces', (length: number) => `m v=1 ${' '.repeat(length)}x`],
  ['digits', (length: number) => `m v=${'1'.repeat(length)} 1`],
])('a line of %s that is too long affects no other line, and none of its content is accepted', (what, long) => {
  const good = 'm,host=d good=1 1700000000000';
  for (const length of [MAX_LINE_BYTES * 4, MAX_LINE_BYTES * 20]) {
    const bytes = Buffer.from(`${good}\n${long(length)}\nbad\n${good.replace('d ', 'e ')}\n`);
    const outcome = outcomeOf(decodeLineProtocolSlices(sourceOf(bytes), OPTIONS));
    expect([...outcome.values.keys()]).toEqual(['d m.good 1700000000000', 'e m.good 1700000000000']);
    expect(outcome.errors.at(-1)).toMatchObject({ line: 3, detail: expect.stringContaining("'bad'") });
    expect(outcome.bad).toBe(what === 'a comment' ? 1 : 2);
  }
});
