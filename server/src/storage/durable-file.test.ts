import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Corrupt, Unavailable } from '../domain/errors.ts';
import { setAside, type WritableFile, writeVerified } from './durable-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wattkeeper-durable-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A real file whose disk accepts few bytes per call, and none beyond a limit. */
async function writeTo(path: string, limit: number, spoil = false): Promise<void> {
  const file = await open(path, 'w+');
  let taken = 0;
  const disk = {
    write: async (bytes: Uint8Array, at: number, length: number, position: number) => {
      const some = Math.min(7, length, limit - taken);
      taken += some;
      return some === 0 ? { bytesWritten: 0, buffer: bytes } : file.write(bytes, at, some, position);
    },
    read: file.read.bind(file),
    datasync: async () => {
      if (spoil) await file.write(Buffer.from([255]), 0, 1, 12);
    },
  } as unknown as WritableFile;
  await file.write(Buffer.from('before'), 0, 6, 0);
  await writeVerified(disk, Buffer.from('a text that takes several calls'), 6).finally(() => file.close());
}

it('writes everything although each call accepts only a part', async () => {
  await writeTo(join(folder, 'file'), Number.POSITIVE_INFINITY);
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('beforea text that takes several calls');
});

it('rejects when the disk accepts no further bytes, and when it returns other bytes', async () => {
  await expect(writeTo(join(folder, 'full'), 20)).rejects.toThrow(Unavailable);
  await expect(writeTo(join(folder, 'spoilt'), Number.POSITIVE_INFINITY, true)).rejects.toThrow(Corrupt);
});

it('sets a file aside under an unused name', async () => {
  const names = [];
  for (const text of ['one', 'two']) {
    await writeFile(join(folder, 'file'), text);
    names.push(await setAside(join(folder, 'file'), 0));
  }
  expect(new Set(names).size).toBe(2);
  expect(await Promise.all(names.map((name) => readFile(name, 'utf8')))).toEqual(['one', 'two']);
});
