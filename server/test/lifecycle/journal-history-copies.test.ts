import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Conflict, Corrupt, Unavailable } from '../../src/domain/errors.ts';
import { CopiedFiles } from '../../src/storage/backup/copied-files.ts';
import { HISTORY_COPIES, HistoryCopies, historyBetween } from '../../src/storage/journal-history/history-copies.ts';
import { readKnownDevices } from '../../src/storage/journal-history/history-devices.ts';
import { interruptJournalHistory, JOURNAL_HISTORY_FOLDER } from '../../src/storage/journal-history/history-start.ts';
import { JournalHistory } from '../../src/storage/journal-history/journal-history.ts';
import { readJournalHistory } from '../../src/storage/journal-history/read-history.ts';
import { localObjects } from '../../src/storage/objects/local.ts';
import { type ObjectEngine, ObjectStore } from '../../src/storage/objects/object-store.ts';
import { batch } from '../conformance/telemetry-blocks.ts';

const START = Date.parse('2026-03-28T00:00:00Z');
const IDENTITY = 'AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU';
const KEYS = { identities: [IDENTITY], recipients: [await identityToRecipient(IDENTITY)] };
const CHILD = fileURLToPath(new URL('./journal-history-child.ts', import.meta.url));
const KILLS = 10;
const signal = new AbortController().signal;

let folder: string;
let clock: number;
let sequence = 0;
beforeEach(async () => {
  sequence = 0;
  folder = await mkdtemp(join(tmpdir(), 'wattkeeper-journal-copies-'));
  await mkdir(join(folder, 'scratch'));
  clock = START;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const local = () => join(folder, JOURNAL_HISTORY_FOLDER);
const drive = () => localObjects(join(folder, 'drive'));
const scratch = () => join(folder, 'scratch');
const work = () => ({ scratch: scratch(), signal, progress: () => {} });
const copiesIn = (engine: ObjectEngine = drive(), keys: typeof KEYS | Record<string, never> = KEYS) =>
  new HistoryCopies(new CopiedFiles(new ObjectStore(engine, ''), HISTORY_COPIES), keys);
const openJournal = () =>
  JournalHistory.open({
    folder: local(),
    deviceOf: (id) => ({ name: `meter of ${id}`, kind: 'meter', labels: {} }),
    keys: KEYS,
    now: () => clock,
    journal: { confirmed: sequence, oldestAfter: async () => null },
  });

/** One batch at each given minute; its value is the minute. */
async function append(journal: JournalHistory, ...minutes: number[]): Promise<void> {
  for (const minute of minutes) {
    clock = START + minute * MINUTE_MS;
    await journal.write([
      { ...batch('load', [['a', clock, { power_kw: minute }]]), sequence: ++sequence, acceptedAt: clock },
    ]);
  }
  clock++;
}

const at = (minute: number) => START + minute * MINUTE_MS;

/** The minutes whose batches are restored from the copies alone. */
async function broughtBack(from: number, to: number, copies = copiesIn()): Promise<number[]> {
  const into = await mkdtemp(join(folder, 'fetched-'));
  await copies.fetch({ from: at(from), to: at(to) }, into, signal);
  const found: number[] = [];
  for await (const { blocks } of readJournalHistory(into, KEYS, at(from), at(to))) {
    found.push(...(blocks[0]?.columns[0] ?? []));
  }
  return found;
}

const sentNames = async () => (await readdir(join(folder, 'drive', 'journal'))).sort();

describe('copies of the journal history', () => {
  it('restore any range of it without the machine, including devices, and each segment is sent once', async () => {
    const puts: string[] = [];
    const put: ObjectEngine['put'] = (key, file) => {
      puts.push(key);
      return drive().put(key, file);
    };
    const copies = copiesIn({ ...drive(), put });
    const journal = await openJournal();
    await append(journal, 1, 2);
    expect(await copies.send(journal, work())).toEqual({ sent: 1, until: '2026-03-28T00:02:00.001Z' });
    await append(journal, 3, 70, 140, 150);
    // A segment is sealed when it is an hour old: one from minute 3 to 70, and one from minute 140.
    expect(await copies.send(journal, work())).toMatchObject({ sent: 2 });
    expect(await copies.send(journal, work())).toMatchObject({ sent: 0 });
    const segments = puts.filter((key) => key.endsWith('.wkj'));
    expect(new Set(segments).size).toBe(segments.length);
    expect(segments).toHaveLength(3);

    await rm(local(), { recursive: true });
    expect(await broughtBack(0, 150)).toEqual([1, 2, 3, 70, 140, 150]);
    expect(await broughtBack(2, 100)).toEqual([2, 3, 70]);
    const into = join(folder, 'devices');
    const whole = { from: START, to: at(150) };
    expect(await historyBetween({ folder: local(), copies }, whole, { folder: into, signal })).toBe(into);
    expect(await readKnownDevices(into)).toEqual(new Map([['a', { name: 'meter of a', kind: 'meter', labels: {} }]]));
    for (const name of await sentNames()) {
      expect((await readFile(join(folder, 'drive', 'journal', name))).toString('latin1')).not.toContain('meter of a');
    }
  });

  it('report their time range, and return nothing outside it', async () => {
    await expect(broughtBack(0, 1)).rejects.toThrow(/there are none/);
    const journal = await openJournal();
    await append(journal, 10, 20);
    await copiesIn().send(journal, work());
    await append(journal, 30);
    const beyond = broughtBack(0, 25);
    await expect(beyond).rejects.toBeInstanceOf(Conflict);
    await expect(beyond).rejects.toThrow('they reach from 2026-03-28T00:00:00.000Z until 2026-03-28T00:20:00.001Z');
    await expect(broughtBack(-1, 15)).rejects.toBeInstanceOf(Conflict);
    clock = at(26);
    await copiesIn().send(journal, work());
    expect(await broughtBack(0, 25)).toEqual([10, 20]);
  });

  it('never bridge a period without journal history', async () => {
    const journal = await openJournal();
    await append(journal, 10);
    await copiesIn().send(journal, work());
    clock = at(20);
    await interruptJournalHistory(local());
    clock = at(30);
    const again = await openJournal();
    await append(again, 40);
    await copiesIn().send(again, work());
    await expect(broughtBack(5, 40)).rejects.toBeInstanceOf(Conflict);
    expect(await broughtBack(5, 9)).toEqual([]);
    expect(await broughtBack(30, 40)).toEqual([40]);
    const between = historyBetween({ folder: local(), copies: null }, { from: at(5), to: at(40) }, { folder, signal });
    await expect(between).rejects.toThrow(/begins at 2026-03-28T00:30.* take a later backup/);
  });

  it('of a lost machine remain usable when another machine continues', async () => {
    const journal = await openJournal();
    await append(journal, 10, 20);
    await copiesIn().send(journal, work());
    await rm(local(), { recursive: true });
    clock = at(60);
    const other = await openJournal();
    await append(other, 70);
    await copiesIn().send(other, work());
    expect(await broughtBack(0, 20)).toEqual([10, 20]);
    expect(await broughtBack(60, 70)).toEqual([70]);
    await expect(broughtBack(0, 70)).rejects.toBeInstanceOf(Conflict);
    const places = { folder: local(), copies: copiesIn() };
    const into = join(folder, 'older');
    expect(await historyBetween(places, { from: START, to: at(20) }, { folder: into, signal })).toBe(into);
    expect(await historyBetween(places, { from: at(60), to: at(70) }, { folder: into, signal })).toBe(local());
  });

  it('are deleted when no backup needs them, and the others remain complete', async () => {
    const journal = await openJournal();
    await append(journal, 1, 70, 140, 210);
    await copiesIn().send(journal, work());
    expect((await sentNames()).filter((name) => name.endsWith('.wkj'))).toHaveLength(2);
    expect(await copiesIn().prune(at(100), scratch())).toBe(1);
    expect((await sentNames()).filter((name) => name.endsWith('.wkj'))).toHaveLength(1);
    expect(await broughtBack(100, 210)).toEqual([140, 210]);
    await expect(broughtBack(50, 210)).rejects.toBeInstanceOf(Conflict);
    expect(await copiesIn().send(journal, work()), 'what is still here is not sent again').toMatchObject({ sent: 0 });
    await journal.prune(at(100));
    await append(journal, 280);
    expect(await copiesIn().send(journal, work())).toMatchObject({ sent: 1 });
    expect(await broughtBack(100, 280)).toEqual([140, 210, 280]);
  });

  it('do not claim segments that were deleted locally before they were sent', async () => {
    const journal = await openJournal();
    await append(journal, 1);
    await copiesIn().send(journal, work());
    await append(journal, 2, 70, 140, 210);
    await journal.seal();
    await journal.prune(at(100));
    await copiesIn().send(journal, work());
    await expect(broughtBack(0, 210)).rejects.toBeInstanceOf(Conflict);
    expect(await broughtBack(100, 210)).toEqual([140, 210]);
  });
});

describe('a failing destination of copies', () => {
  const half = async (key: string, file: string) => {
    await writeFile(`${file}.half`, (await readFile(file)).subarray(9));
    await drive().put(key, `${file}.half`);
  };
  const away = () => Promise.reject(new Error('connection refused'));
  const faults: [name: string, fault: Partial<ObjectEngine>, expected: new (...args: never[]) => Error][] = [
    ['is away', { list: away, fetch: away, put: away }, Unavailable],
    ['takes no segment', { put: away }, Unavailable],
    ['keeps half of what it is given', { put: half }, Corrupt],
    [
      'takes segments but no index',
      { put: (key, file) => (key.endsWith('.json') ? away() : drive().put(key, file)) },
      Unavailable,
    ],
    [
      'keeps half of the index',
      { put: (key, file) => (key.endsWith('.json') ? half(key, file) : drive().put(key, file)) },
      Corrupt,
    ],
  ];
  it.each(faults)('%s: it is reported, and the next run sends everything', async (_, fault, expected) => {
    const journal = await openJournal();
    await append(journal, 1);
    await copiesIn().send(journal, work());
    await append(journal, 2, 70, 140);
    await expect(copiesIn({ ...drive(), ...fault }).send(journal, work())).rejects.toBeInstanceOf(expected);
    await expect(broughtBack(0, 140)).rejects.toBeInstanceOf(Conflict);
    await copiesIn().send(journal, work());
    expect(await broughtBack(0, 140)).toEqual([1, 2, 70, 140]);
  });

  it('lost or changed a segment: the restore reports it, and it is sent again while it exists locally', async () => {
    const journal = await openJournal();
    await append(journal, 1, 70, 140);
    await copiesIn().send(journal, work());
    const [name] = (await sentNames()).filter((of) => of.endsWith('.wkj')) as [string];
    const path = join(folder, 'drive', 'journal', name);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(1));
    await expect(broughtBack(0, 140)).rejects.toThrow(`the copied journal segment ${name}`);
    await rm(path);
    await expect(broughtBack(0, 140)).rejects.toThrow(new RegExp(`the copy of ${name} .* is missing`));
    expect(await copiesIn().send(journal, work())).toMatchObject({ sent: 1 });
    expect(await broughtBack(0, 140)).toEqual([1, 70, 140]);
  });

  it('has an unreadable index: a restore reports it, and the next transfer rewrites it', async () => {
    const journal = await openJournal();
    await append(journal, 1, 2);
    await copiesIn().send(journal, work());
    await writeFile(join(folder, 'drive', 'journal', 'index.json'), '{');
    await expect(broughtBack(0, 2)).rejects.toBeInstanceOf(Corrupt);
    await copiesIn().send(journal, work());
    expect(await broughtBack(0, 2)).toEqual([1, 2]);
  });
});

it(`copies contain everything that they claim when the sender is killed ${KILLS} times`, async () => {
  let reported = { count: 0, until: 0 };
  let next = 0;
  const began = Date.now();
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = await sendUntilKilled(next, 30 + 17 * kill);
    const [count, until] = (lines.at(-1) ?? '').split(' ') as [string, string];
    if (until !== undefined) reported = { count: Number(count), until: Date.parse(until) };
    next = Math.max(reported.count, await countIn(local()));
    if (reported.until === 0) continue;
    const into = await mkdtemp(join(folder, 'fetched-'));
    const [{ from } = { from: began }] = await copiesIn(drive(), {}).spans(scratch());
    await copiesIn(drive(), {}).fetch({ from, to: reported.until - 1 }, into, signal);
    expect(await countIn(into), 'in the copies').toBeGreaterThanOrEqual(reported.count);
  }
  expect(reported.count).toBeGreaterThan(KILLS);
});

/** The number of batches without a gap, counted from 0. */
async function countIn(path: string): Promise<number> {
  const found = new Set<number>();
  for await (const { blocks } of readJournalHistory(path, {}, 0, Number.POSITIVE_INFINITY)) {
    for (const value of blocks[0]?.columns[0] ?? []) found.add(value);
  }
  let count = 0;
  while (found.has(count)) count++;
  return count;
}

async function sendUntilKilled(first: number, afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, folder, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'begins') lines.push(line);
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  }
  clearTimeout(timer);
  await exited;
  return lines;
}
