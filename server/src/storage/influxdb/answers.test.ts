import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Unavailable } from '../../domain/errors.ts';
import { linesOf, MAX_LINE_BYTES, parsedAnswer } from './answers.ts';

async function* chunks(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

it('splits a text into the same lines however it is cut into chunks', async () => {
  const text = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', '')));
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(), { maxLength: 8 }), async (lines, cuts) => {
      const bytes = Buffer.from(lines.join('\n'));
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
      const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      // As a decoder returns it: without the byte order mark.
      const whole = new TextDecoder().decode(bytes).split('\n');
      expect(await all(linesOf(chunks(...pieces), bytes.length))).toEqual(whole.filter((line) => line !== ''));
    }),
  );
});

it('rejects an endless line, and an answer beyond its limit', async () => {
  const piece = Buffer.alloc(1024 * 1024, 'x');
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      sent += piece.length;
      yield piece;
    }
  }
  await expect(all(linesOf(endless(), Number.POSITIVE_INFINITY))).rejects.toThrow('its answer is too long');
  expect(sent).toBe(MAX_LINE_BYTES + piece.length);
  const lines = Buffer.from('{}\n{}\n');
  await expect(all(linesOf(chunks(lines, lines), 10))).rejects.toThrow('its answer is too long');
});

it('reports an answer that is not from InfluxDB without quoting it', () => {
  for (const line of [
    's3cr3t',
    '["s3cr3t"]',
    '{"results": "s3cr3t"}',
    '{"results": [{"series": [{"columns": "s3cr3t"}]}]}',
    '{"results": [{"series": [{"columns": ["time"], "values": ["s3cr3t"]}]}]}',
    '{"results": [{"statement_id": -1, "error": "s3cr3t"}]}',
    '['.repeat(1_000_000),
    `{"results": [${'{},'.repeat(60_000)}{}]}`,
    `{"results": [${'0,'.repeat(1_000_000)}0]}`,
    `{"results": [{"series": [{"columns": ["time"], "values": [${'[0],'.repeat(30_000)}[0]]}]}]}`,
    ','.repeat(4_000_000),
    // Ignored fields cost the parser as much.
    `{"results": [], "other": ${'['.repeat(20)}${']'.repeat(20)}}`,
  ]) {
    const parse = () => parsedAnswer(line, 'InfluxDB at example');
    expect(parse).toThrow(Unavailable);
    expect(parse).toThrow(/^InfluxDB at example does not answer as InfluxDB does: check the address$/);
  }
});
