import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { MAX_MEMORY_UPLOADS_BYTES, MAX_UPLOADS_BYTES, MAX_UPLOADS_COUNT, Uploads } from './uploads.ts';

function uploadsIn(isOnDisk: boolean) {
  const clock = { now: Date.UTC(2026, 2, 1) };
  const base = mkdtempSync(join(tmpdir(), 'wattkeeper-uploads-'));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const folder = join(base, 'uploads');
  return {
    clock,
    folder,
    uploads: new Uploads({ folder: isOnDisk ? folder : null, writes: () => true, now: () => clock.now }),
  };
}

async function bytesOf(uploads: Uploads, id: string): Promise<Buffer> {
  return uploads.use(id, async (file) => {
    const chunks: Buffer[] = [];
    for await (const chunk of file.read().stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  });
}

test.each([true, false])('a file consists of its parts, wherever it is divided (on disk: %s)', async (isOnDisk) => {
  const { uploads } = uploadsIn(isOnDisk);
  const partsOf = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(partsOf, async (parts) => {
      const whole = Buffer.concat(parts);
      const { id } = await uploads.create('a.csv', whole.length);
      let offset = 0;
      for (const part of parts) {
        await expect(uploads.add(id, offset + 1, part)).rejects.toThrow(`offset must be ${offset}`);
        offset = (await uploads.add(id, offset, part)).received;
      }
      expect(await bytesOf(uploads, id)).toEqual(whole);
    }),
    { numRuns: 20 },
  );
});

test('the least recently used file is removed to make room, but not one that is being imported', async () => {
  const { uploads, clock, folder } = uploadsIn(true);
  const ids: string[] = [];
  for (let i = 0; i < MAX_UPLOADS_COUNT; i++) {
    clock.now++;
    const { id } = await uploads.create(`${i}.csv`, 1);
    await uploads.add(id, 0, Buffer.from('1'));
    ids.push(id);
  }
  await uploads.use(ids[0]!, async () => {
    clock.now++;
    await uploads.create('new.csv', 1);
    await expect(uploads.remove(ids[0]!)).rejects.toThrow('is being imported');
  });
  expect(uploads.get(ids[0]!).complete).toBe(true);
  expect(() => uploads.get(ids[1]!)).toThrow('there is no upload');
  expect(readdirSync(folder)).toHaveLength(MAX_UPLOADS_COUNT - 1);
  clock.now += 25 * 3_600_000;
  await uploads.create('later.csv', 1);
  expect(readdirSync(folder)).toEqual([]);
});

test('the total size of files in memory is limited', async () => {
  const { uploads } = uploadsIn(false);
  await expect(uploads.create('a.csv', MAX_MEMORY_UPLOADS_BYTES + 1)).rejects.toThrow('use the command import');
  const first = await uploads.create('a.csv', MAX_MEMORY_UPLOADS_BYTES);
  await uploads.create('b.csv', 1);
  expect(() => uploads.get(first.id)).toThrow('there is no upload');
});

test('files created concurrently make room as if created one after another', async () => {
  const { uploads } = uploadsIn(true);
  const created = await Promise.all(
    Array.from({ length: 12 }, (_, i) => uploads.create(`${i}.csv`, MAX_UPLOADS_BYTES / 4)),
  );
  const isKept = created.map(({ id }) => {
    try {
      return uploads.get(id) !== null;
    } catch {
      return false;
    }
  });
  expect(isKept.filter(Boolean)).toHaveLength(4);
});

test('a file that is being read is not removed, and a removed one accepts no further part', async () => {
  const { uploads, folder } = uploadsIn(true);
  const { id } = await uploads.create('a.csv', 2);
  await uploads.useStart(id, 0, async () => {
    await expect(uploads.remove(id)).rejects.toThrow('is being imported or read');
  });
  const parts = [uploads.add(id, 0, Buffer.from('1')), uploads.add(id, 1, Buffer.from('2'))];
  await Promise.allSettled([uploads.remove(id), ...parts]);
  expect(readdirSync(folder)).toEqual([]);
});
