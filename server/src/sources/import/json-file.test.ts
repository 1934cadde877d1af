import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { InvalidInput } from '../../domain/errors.ts';
import { MAX_FILE_BYTES, MAX_FILE_RECORDS, MAX_UNPACKED_BYTES, readJsonFile } from './json-file.ts';
import { JsonFields, MAX_RECORD_SIZE, RECORD_LIMITS } from './json-records.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wattkeeper-json-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'file');

function read(content: string | Uint8Array) {
  writeFileSync(path, content);
  return readJsonFile(path, new JsonFields(['n']));
}

const cells = (n: number) => expect.objectContaining({ cells: [n] });

test('a file that is too large, also after decompression, is rejected before it fills the memory', async () => {
  writeFileSync(path, '{}');
  truncateSync(path, MAX_FILE_BYTES + 1);
  await expect(readJsonFile(path, new JsonFields(['n']))).rejects.toThrow(/has 67108865 bytes, and at most 64 MB/);
  const bomb = gzipSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1, ' '), { level: 1 });
  expect(bomb.length).toBeLessThan(MAX_FILE_BYTES);
  await expect(read(bomb)).rejects.toThrow(/larger after decompression, and at most 256 MB/);
});

test('a line that is too long ends the file, and the records before it are read', async () => {
  const file = await read(`{"n": 1}\n{"n": 2, "x": "${'y'.repeat(MAX_RECORD_SIZE + 100_000)}`);
  expect(file.records).toEqual([cells(1)]);
  expect(file.broken).toContain('has no end within 8 MB');
});

test('of a truncated compressed file, the complete lines are read, and nothing is invented', async () => {
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

test('changed bytes give records or an error with the reason', async () => {
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

test('links and pipes are not read, also if one replaces the file or its folder', async () => {
  const at = (name: string) => join(folder, name);
  const open = (name: string) => readJsonFile(at(name), new JsonFields(['n']));
  mkdirSync(at('real'));
  writeFileSync(at('real/file'), '{"n": 1}');
  symlinkSync(at('real/file'), at('linked-file'));
  symlinkSync(at('real'), at('linked-folder'));
  execFileSync('mkfifo', [at('pipe')]);
  expect((await open('real/file')).records).toEqual([cells(1)]);
  await expect(open('linked-file')).rejects.toMatchObject({ code: 'ELOOP' });
  for (const name of ['linked-folder/file', 'pipe', 'real']) {
    await expect(open(name), name).rejects.toThrow('it is not a file, or was moved while it was opened');
  }
});

test('brackets nested deeper than any record are rejected before parsing', async () => {
  const nested = (depth: number) => `${'{"n":'.repeat(depth)}1${'}'.repeat(depth)}`;
  for (const text of [nested(RECORD_LIMITS.depth), `[${nested(RECORD_LIMITS.depth)}]`]) {
    expect((await read(text)).records).toHaveLength(1);
  }
  for (const text of [`[${nested(RECORD_LIMITS.depth + 1)}]`, '['.repeat(1_000_000), '{"n":'.repeat(100_000)]) {
    await expect(read(text)).rejects.toThrow(/brackets are nested deeper than 33 levels/);
  }
  const lines = await read(`{"n": 1}\n${nested(RECORD_LIMITS.depth + 1)}\n{"n": 2}`);
  expect(lines.records).toEqual([cells(1), { position: 2, broken: 'exceeds the limit of 32 on depth' }, cells(2)]);
});

test('a file with more records than memory holds is read up to that number, or rejected if it is one JSON text', async () => {
  const lines = await read('{}\n'.repeat(MAX_FILE_RECORDS + 1));
  expect(lines.records).toHaveLength(MAX_FILE_RECORDS);
  expect(lines.broken).toMatch(/more than 1000000 records/);
  await expect(read(`[${'0,'.repeat(MAX_FILE_RECORDS)}0]`)).rejects.toThrow(/it has 1000001 records/);
  await expect(read(`[${'{},'.repeat(4_000_000)}{}]`)).rejects.toThrow(/more than 4000000 brackets as one JSON text/);
});
