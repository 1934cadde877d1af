import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AcceptedBatch } from '../../src/domain/columns/batch.ts';
import { JOURNAL_HISTORY_FOLDER } from '../../src/storage/journal-history/history-start.ts';
import { JournalHistory } from '../../src/storage/journal-history/journal-history.ts';
import { encodeRecords, OPEN_SEGMENT } from '../../src/storage/journal-history/open-segment.ts';
import { readJournalHistory } from '../../src/storage/journal-history/read-history.ts';
import { type Hole, isSegment } from '../../src/storage/journal-history/segments.ts';
import { batch } from '../conformance/telemetry-blocks.ts';

const START = Date.parse('2026-03-28T00:00:00Z');

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'wattkeeper-journal-damage-')), JOURNAL_HISTORY_FOLDER);
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

/** The batch of a sequence number, a minute after the previous one. */
function accepted(sequence: number): AcceptedBatch {
  const acceptedAt = START + sequence * MINUTE_MS;
  return { ...batch('load', [[`meter-${sequence % 3}`, acceptedAt, { power_kw: sequence }]]), sequence, acceptedAt };
}

async function open(confirmed: number, kept: readonly number[] = []) {
  const damage: string[] = [];
  const history = await JournalHistory.open({
    folder,
    deviceOf: (id) => ({ name: `the ${id}`, kind: 'meter', labels: {} }),
    keys: {},
    now: () => START + 24 * 60 * MINUTE_MS,
    journal: { confirmed, oldestAfter: async (sequence) => kept.find((one) => one > sequence) ?? null },
    onDamage: (message) => damage.push(message),
  });
  return { history, damage };
}

/** Writes batches 1 to `count`; those in `seals` are the last of their segments. */
async function fill(count: number, seals: ReadonlySet<number>): Promise<void> {
  const { history } = await open(0);
  for (let sequence = 1; sequence <= count; sequence++) {
    await history.write([accepted(sequence)]);
    if (seals.has(sequence)) await history.seal();
  }
}

/** The sequence numbers that a restore would read, and the ones that it would report as missing. */
async function recovered() {
  const holes: Hole[] = [];
  const found: number[] = [];
  const reading = readJournalHistory(folder, {}, START, Number.POSITIVE_INFINITY, {
    sequence: 0,
    onHole: (hole) => holes.push(hole),
  });
  for await (const { sequence, acceptedAt, blocks } of reading) {
    expect({ acceptedAt, power: blocks[0]?.columns[0]?.[0] }).toEqual({
      acceptedAt: START + sequence * MINUTE_MS,
      power: sequence,
    });
    found.push(sequence);
  }
  return { found, holes };
}

type Damage =
  | { readonly kind: 'flip' | 'truncate'; readonly share: number }
  | { readonly kind: 'zeros' | 'garbage' | 'empty' | 'missing' | 'directory' };

/** Damages a file; returns the start and the end of the changed bytes. */
async function apply(path: string, damage: Damage): Promise<[number, number]> {
  const bytes = await readFile(path);
  const at = 'share' in damage ? Math.floor(damage.share * bytes.length) : 0;
  switch (damage.kind) {
    case 'flip':
      if (bytes.length === 0) return [0, 0];
      bytes[at] = bytes[at]! ^ (1 << (at % 8));
      await writeFile(path, bytes);
      return [at, at + 1];
    case 'truncate':
      await writeFile(path, bytes.subarray(0, at));
      return [at, Number.POSITIVE_INFINITY];
    case 'zeros':
      await writeFile(path, Buffer.concat([bytes, Buffer.alloc(4096)]));
      return [bytes.length, Number.POSITIVE_INFINITY];
    case 'garbage':
      await writeFile(path, Buffer.concat([bytes, Buffer.from('WKH2 of another program WTK1'), bytes.subarray(9, 60)]));
      return [bytes.length, Number.POSITIVE_INFINITY];
    case 'empty':
      await writeFile(path, '');
      return [0, Number.POSITIVE_INFINITY];
    case 'missing':
      await rm(path);
      return [0, Number.POSITIVE_INFINITY];
    case 'directory':
      await rm(path);
      await mkdir(join(path, 'something'), { recursive: true });
      return [0, Number.POSITIVE_INFINITY];
  }
}

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('flip' as const, 'truncate' as const), share }),
  fc.record({
    kind: fc.constantFrom(
      'zeros' as const,
      'garbage' as const,
      'empty' as const,
      'missing' as const,
      'directory' as const,
    ),
  }),
);

describe('a damaged journal history', () => {
  it('opens, returns every intact record, and reports the missing ones, whatever the damage', async () => {
    const world = fc.record({
      count: fc.integer({ min: 1, max: 14 }),
      seals: fc.uniqueArray(fc.integer({ min: 1, max: 14 }), { maxLength: 4 }),
      hits: fc.array(fc.tuple(fc.nat({ max: 20 }), damages), { minLength: 1, maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ count, seals, hits }) => {
        await rm(folder, { recursive: true, force: true });
        await fill(count, new Set(seals));
        const whole = new Set(Array.from({ length: count }, (_, i) => i + 1));
        await writeFile(join(folder, 'foreign.txt'), 'of another program');
        await writeFile(join(folder, 'foreign.wkj'), 'of another program');
        const names = (await readdir(folder)).sort();
        const used = new Set<string>();
        for (const [place, damage] of hits) {
          const name = names[place % names.length]!;
          if (used.has(name)) continue;
          used.add(name);
          const from = 1 + Math.max(0, ...seals.filter((seal) => seal <= count));
          const [start, end] = await apply(join(folder, name), damage);
          if (isSegment(name)) {
            const [, first, last] = /-(\d+)-(\d+)-/.exec(name)! as unknown as [string, string, string];
            for (let one = Number(first) + 1; one <= Number(last); one++) whole.delete(one);
          }
          if (name !== OPEN_SEGMENT) continue;
          for (let one = from, at = 0; one <= count; one++) {
            const next = at + encodeRecords([{ ...accepted(one), follows: null }]).length;
            if (start < next && end > at) whole.delete(one);
            at = next;
          }
        }
        const { history } = await open(count);
        await history.write([accepted(count + 1)]);
        await history.verify(new AbortController().signal);
        const { found, holes } = await recovered();
        expect(found).toEqual(expect.arrayContaining([...whole, count + 1]));
        const missing = Array.from({ length: count }, (_, i) => i + 1).filter((one) => !found.includes(one));
        for (const one of missing) {
          const at = START + one * MINUTE_MS;
          const isSaid = holes.some(({ from, until }) => (from ?? at) <= at && at <= (until ?? at));
          expect(isSaid, `batch ${one} is missing and no hole says so: ${JSON.stringify(holes)}`).toBe(true);
        }
        if (missing.length > 0) expect(history.warnings().join()).toContain('lacks readings');
        else expect(holes).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['the first', 1, [2, 3, 4]],
    ['one between others', 3, [1, 2, 4]],
    ['the last', 4, [1, 2, 3]],
  ])('reports a batch that the journal could not read as missing: %s', async (_, lost, found) => {
    const given = [1, 2, 3, 4].map((one) =>
      one === lost ? { ...accepted(one), blocks: [], damage: 'its checksum differs' } : accepted(one),
    );
    for (const together of [true, false]) {
      await rm(folder, { recursive: true, force: true });
      const { history } = await open(0);
      for (const batches of together ? [given] : given.map((one) => [one])) await history.write(batches);
      await history.seal();
      await history.write([accepted(5)]);
      await history.seal();
      expect(history.warnings().join()).toContain(`the batches from ${lost} to ${lost} are missing`);
      const { history: later } = await open(5);
      expect(later.warnings().join()).toContain(`the batches from ${lost} to ${lost} are missing`);
      expect(await recovered()).toMatchObject({
        found: [...found, 5],
        holes: [{ reason: `the batches from ${lost} to ${lost} are missing` }],
      });
    }
  });

  it('keeps the damaged file, reports it, and archives again the batches that the journal still has', async () => {
    await fill(6, new Set([3]));
    const path = join(folder, OPEN_SEGMENT);
    const bytes = await readFile(path);
    bytes[bytes.length - 20] = bytes[bytes.length - 20]! ^ 4;
    await writeFile(path, bytes);
    const { history, damage } = await open(6, [6]);
    const aside = (await readdir(folder)).filter((name) => name.startsWith(`${OPEN_SEGMENT}.damaged-`));
    expect(aside).toHaveLength(1);
    expect(await readFile(join(folder, aside[0]!))).toEqual(bytes);
    expect(damage.join()).toContain(aside[0]!);
    expect(history.resumesAfter).toBe(5);
    expect(history.warnings()).toEqual([]);
    await history.write([accepted(6), accepted(7)]);
    expect(await recovered()).toEqual({ found: [1, 2, 3, 4, 5, 6, 7], holes: [] });
  });

  it('does not count half of an unacknowledged batch as a loss', async () => {
    await fill(2, new Set());
    const path = join(folder, OPEN_SEGMENT);
    const half = encodeRecords([{ ...accepted(3), follows: 2 }]).subarray(0, 70);
    await writeFile(path, Buffer.concat([await readFile(path), half]));
    const { history, damage } = await open(2);
    expect([damage, history.warnings()]).toEqual([[], []]);
    await history.write([accepted(3)]);
    expect(await recovered()).toEqual({ found: [1, 2, 3], holes: [] });
  });

  it('continues when it is removed or truncated while the service runs, and reports the loss', async () => {
    const { history, damage } = await open(0);
    await history.write([accepted(1)]);
    await history.write([accepted(2)]);
    const path = join(folder, OPEN_SEGMENT);
    await writeFile(path, (await readFile(path)).subarray(0, -5));
    await history.write([accepted(3)]);
    await rm(folder, { recursive: true });
    await history.write([accepted(4)]);
    await history.write([accepted(5)]);
    const { found, holes } = await recovered();
    expect(found).toEqual([4, 5]);
    expect(holes).toMatchObject([{ reason: 'the batches from 1 to 3 are missing' }]);
    expect(damage.length).toBeGreaterThan(0);
  });

  it('waits for a folder that cannot be created, and accepts batches once it can be', async () => {
    await mkdir(join(folder, '..'), { recursive: true });
    await writeFile(join(folder, '..', 'blocked'), '');
    const history = await JournalHistory.open({
      folder: join(folder, '..', 'blocked', JOURNAL_HISTORY_FOLDER),
      deviceOf: () => undefined,
      keys: {},
      now: () => START,
      journal: { confirmed: null, oldestAfter: async () => null },
    });
    expect(history.warnings().join()).toContain('cannot be written');
    await expect(history.write([accepted(1)])).rejects.toThrow();
    await rm(join(folder, '..', 'blocked'));
    await history.write([accepted(1)]);
    expect(history.warnings()).toEqual([]);
    expect((await stat(join(history.folder, OPEN_SEGMENT))).size).toBeGreaterThan(0);
  });

  it('lists the batches lost while the folder was unusable, although the journal still has them', async () => {
    await fill(3, new Set());
    const away = join(folder, '..', 'away');
    await rename(folder, away);
    await symlink(join(folder, '..', 'nowhere', 'at-all'), folder);
    const { history } = await open(3, [2, 3]);
    expect(history.resumesAfter).toBe(3);
    await rm(folder);
    await rename(away, folder);
    await writeFile(join(folder, OPEN_SEGMENT), (await readFile(join(folder, OPEN_SEGMENT))).subarray(0, -5));
    await history.write([accepted(4)]);
    const { found, holes } = await recovered();
    expect(found).toEqual([1, 2, 4]);
    expect(holes).toMatchObject([{ reason: 'the batches from 3 to 3 are missing' }]);
    expect(history.warnings().join()).toContain('the batches from 3 to 3 are missing');
  });
});
