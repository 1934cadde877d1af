import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { detectMapping } from './detect/detect.ts';
import { importFile } from './import-file.ts';
import { diskFile, type InputFile } from './input-file.ts';
import { parseMapping } from './mapping.ts';

const ROWS = Array.from({ length: 100 }, (_, i) => `2026-03-01T00:${String(i % 60).padStart(2, '0')}:00Z,${i}\n`);
const CSV = `time,load kW\n${ROWS.join('')}`;
const MAPPING = 'device: House\ntimestamp: { column: time }\ncolumns: { load kW: { metric: load.power_kw } }\n';

/** A file that is deleted before its read number `after`. */
async function goingAway(content: Buffer, after: number): Promise<InputFile> {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-input-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'a.csv');
  writeFileSync(path, content);
  const file = await diskFile(path);
  let readings = 0;
  return {
    ...file,
    read: (bytes) => {
      if (readings++ === after) rmSync(path);
      return file.read(bytes);
    },
  };
}

test.each([
  ['plain', Buffer.from(CSV)],
  ['gzip', gzipSync(CSV)],
])('a file that is deleted at any time while it is read is an error of its import (%s)', async (_, content) => {
  for (let after = 0; after < 4; after++) {
    const failed = async (work: (file: InputFile) => Promise<unknown>) => {
      await expect(work(await goingAway(content, after))).rejects.toThrow(/ENOENT/);
    };
    await failed((file) =>
      importFile({
        file,
        mapping: parseMapping(MAPPING, 'm'),
        unitOf: () => 'kW',
        sink: async () => null,
        skipRows: 0,
        onProgress: async () => {},
      }),
    );
    if (after < 2) await failed((file) => detectMapping(file, { timezone: 'UTC' }));
  }
});

test('a file that is deleted before its stream is read is an error of the stream, and ends nothing else', async () => {
  const file = await goingAway(Buffer.from(CSV), 0);
  const { stream } = file.read();
  while (stream.errored === null) await setImmediate();
  await setImmediate();
  await expect(stream.toArray()).rejects.toThrow(/ENOENT/);
});
