import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { InvalidInput } from '../../domain/errors.ts';
import { MAX_FILE_BYTES, MAX_UNPACKED_BYTES, readJsonFile } from './json-file.ts';
import { JsonFields, MAX_RECORD_SIZE } from './json-records.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-json-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'file');

function read(content: string | Uint8Array) {
  writeFileSync(path, content);
  return readJsonFile(path, new JsonFields(['n']));
}

const cells = (n: number) => expect.objectContaining({ cells: [n] });

test('a file that is too large, also once unpacked, is refused before it fills the memory', async () => {
  writeFileSync(path, '{}');
  truncateSync(path, MAX_FILE_BYTES + 1);
  await expect(readJsonFile(path, new JsonFields(['n']))).rejects.toThrow(/has 67108865 bytes, and at most 64 MB/);
  const bomb = gzipSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1, ' '), { level: 1 });
  expect(bomb.length).toBeLessThan(MAX_FILE_BYTES);
  await expect(read(bomb)).rejects.toThrow(/larger once unpacked, and at most 256 MB/);
});

test('a line that is too long ends the file, and what stands before it is read', async () => {
  const file = await read(`{"n": 1}\n{"n": 2, "x": "${'y'.repeat(MAX_RECORD_SIZE + 100_000)}`);
  expect(file.records).toEqual([cells(1)]);
  expect(file.broken).toContain('has no end within 8 MB');
});

test('whatever of a compressed file is left, its whole lines are read, and nothing is made up', async () => {
  const lines = Array.from({ length: 300 }, (_, n) => JSON.stringify({ n, noise: Math.sin(n) }));
  const whole = gzipSync(lines.join('\n'));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 20, max: whole.length - 1 }), async (length) => {
      try {
        const { records, broken } = await read(whole.subarray(0, length));
        expect(broken).toContain('gzip is damaged');
        expect(records).toEqual(records.map((_, n) => cells(n)));
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidInput);
      }
    }),
    { numRuns: 60 },
  );
});

test('bytes that are changed give records or an error that says what is wrong', async () => {
  const text = Buffer.from(JSON.stringify([{ n: 1 }, { n: 2 }, { n: [3] }]));
  const changes = fc.array(fc.tuple(fc.nat(text.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(changes, fc.boolean(), async (changed, packed) => {
      const bytes = Buffer.from(packed ? gzipSync(text) : text);
      for (const [at, value] of changed) bytes[at % bytes.length] = value;
      await read(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(InvalidInput));
    }),
    { numRuns: 500 },
  );
});
