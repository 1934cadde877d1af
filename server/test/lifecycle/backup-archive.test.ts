import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Corrupt, Forbidden, InvalidInput, Unavailable } from '../../src/domain/errors.ts';
import { BackedUpArchive } from '../../src/features/backup/backed-up-archive.ts';
import { ARCHIVE_COPIES, ArchiveCopies } from '../../src/storage/archive/archive-copies.ts';
import { type ArchivedObject, archiveSource } from '../../src/storage/archive/archived-objects.ts';
import { writeBackup } from '../../src/storage/backup/backup.ts';
import { CopiedFiles } from '../../src/storage/backup/copied-files.ts';
import { localObjects } from '../../src/storage/objects/local.ts';
import { type ObjectEngine, ObjectStore } from '../../src/storage/objects/object-store.ts';
import { openRecords, type RecordStore } from '../../src/storage/records/record-store.ts';
import type { ArchiveTarget } from '../../src/storage/restore/restore.ts';
import { restoreIntoFolder } from '../../src/storage/restore/restore-folder.ts';
import { type DeviceGroup, deviceGroups } from '../../src/storage/whole-days.ts';
import { batch, type Row } from '../conformance/telemetry-blocks.ts';
import { type ArchiveWorld, allDigests, openArchiveWorld } from './archive-world.ts';

const JANUARY = Date.UTC(2026, 0, 1);
const MARCH = Date.UTC(2026, 2, 1);
const IDENTITY = 'AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU';
const KEYS = { identities: [IDENTITY], recipients: [await identityToRecipient(IDENTITY)] };
const CHILD = fileURLToPath(new URL('./backup-archive-child.ts', import.meta.url));
/** Numbers of files after which the child is killed: the last kills occur during the transfer to the drive. */
const KILLED_AFTER = [10, 10, 10, 60, 60, 60];
const signal = new AbortController().signal;
const work = { signal, progress: () => {} };

let folder: string;
let world: ArchiveWorld;
let records: RecordStore;
/** The contents of the store before anything was archived. */
let groups: DeviceGroup[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wattkeeper-backup-archive-'));
  world = await openArchiveWorld(folder);
  records = await openRecords({ type: 'sqlite', path: join(folder, 'records.db') });
  const rows = Array.from({ length: 80 * 24 }, (_, i): Row => {
    return [i % 2 === 0 ? 'a' : 'b', JANUARY + i * HOUR_MS, i % 5 === 0 ? { power_kw: i / 7 } : { energy_kwh: i }];
  });
  await world.store.write([batch('load', rows)]);
  groups = deviceGroups(await world.store.series());
});
afterEach(async () => {
  await records.close();
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const objectsIn = (engine: ObjectEngine) => new ObjectStore(engine, '');
const archive = () => objectsIn(localObjects(join(folder, 'objects')));
const copiesIn = (engine: ObjectEngine, keys = KEYS) =>
  new ArchiveCopies(new CopiedFiles(objectsIn(engine), ARCHIVE_COPIES), keys);
const copies = () => copiesIn(localObjects(join(folder, 'backups')));

function months(objects = archive(), elsewhere: ArchiveCopies | null = null): BackedUpArchive {
  return new BackedUpArchive({
    objects,
    list: () => world.archive.refreshList(),
    here: copies(),
    elsewhere,
    include: true,
  });
}

async function backUp(of = months()) {
  const path = join(folder, 'a.backup');
  await rm(path, { force: true });
  return writeBackup(path, {
    store: world.store,
    records: records.contents,
    archived: () => of.manifest(),
    configuration: '',
    version: '1.2.3',
    keys: KEYS,
    startedAt: MARCH,
    now: () => MARCH,
    ...work,
  });
}

async function scratch(): Promise<string> {
  await mkdir(join(folder, 'scratch'), { recursive: true });
  return join(folder, 'scratch');
}

const restored = () => join(folder, 'restored');
function restore(target: Omit<ArchiveTarget, 'scratch'> | undefined) {
  const into = { backup: join(folder, 'a.backup'), keys: KEYS, folder: restored(), engine: 'duckdb' as const };
  return restoreIntoFolder({ ...into, archive: target, ...work });
}

/** Digests of every day that the restored folder returns, from its store and an archive. */
async function answers(engine: ObjectEngine) {
  const other = await openArchiveWorld(restored(), engine);
  try {
    return await allDigests(other.reads, groups);
  } finally {
    await other.close();
  }
}

const pathOf = ({ key }: ArchivedObject) => join(folder, 'objects', key);

describe('a backup of an installation with an archive', () => {
  it('restored into an empty folder, returns every archived day unchanged', async () => {
    const before = await allDigests(world.store, groups);
    await world.archiveBefore(MARCH);
    const { archive: manifest, card } = await backUp();
    expect(manifest?.objects?.map(({ key }) => key.slice(0, 24))).toEqual([
      'group=load/month=2026-01',
      'group=load/month=2026-02',
    ]);
    expect(card.values, 'archived months are not in it').toBeLessThan(
      before.reduce((n, { count }) => n + count, 0) / 2,
    );
    const report = await restore({ archive: archive(), copies: [], bringBack: true });
    expect(report.archive).toEqual({ objects: 2, fromCopies: 0 });
    expect(await answers(localObjects(join(folder, 'objects')))).toEqual(before);
  });

  it('lists the months that leave the store while it is being made', async () => {
    const before = await allDigests(world.store, groups);
    const manifest = months();
    const store = { series: () => world.store.series(), read: world.store.read };
    store.series = async () => {
      const found = await world.store.series();
      await world.archiveBefore(MARCH);
      return found;
    };
    const path = join(folder, 'a.backup');
    const rest = {
      records: records.contents,
      configuration: '',
      version: '1',
      keys: KEYS,
      startedAt: MARCH,
      now: () => MARCH,
      ...work,
    };
    await writeBackup(path, { store, archived: () => manifest.manifest(), ...rest });
    expect(await restore({ archive: archive(), copies: [], bringBack: true })).toMatchObject({
      archive: { objects: 2 },
    });
    expect(await answers(localObjects(join(folder, 'objects')))).toEqual(before);
  });

  it('reports which file is missing and which is damaged, and nothing is restored; without the archive, everything else is', async () => {
    await world.archiveBefore(MARCH);
    const { archive: manifest } = await backUp();
    const [january, february] = (manifest?.objects ?? []) as [ArchivedObject, ArchivedObject];
    await rm(pathOf(january));
    await appendFile(pathOf(february), 'x');
    const target = { archive: archive(), copies: [copies()], bringBack: true };
    const failed = restore(target);
    await expect(failed).rejects.toBeInstanceOf(Corrupt);
    await expect(failed).rejects.toThrow(/lacks 2 of the 2 files/);
    await expect(failed).rejects.toThrow(`${january.key} is missing; ${february.key} is damaged`);
    expect(existsSync(restored())).toBe(false);
    await expect(restore({ ...target, archive: null })).rejects.toBeInstanceOf(InvalidInput);
    const away = { ...localObjects(folder), fetch: () => Promise.reject(new Error('connection refused')) };
    await expect(restore({ ...target, archive: objectsIn(away) })).rejects.toBeInstanceOf(Unavailable);
    expect(existsSync(restored())).toBe(false);
    expect(await restore(undefined)).toMatchObject({ archive: null });
  });

  it('reports missing files, and an unreachable archive', async () => {
    await world.archiveBefore(MARCH);
    const of = months();
    const manifest = await of.manifest();
    const card = await of.describe(manifest, undefined, await scratch(), work);
    expect(card).toMatchObject({ objects: 2, included: true });
    expect(of.warnings()).toEqual([]);
    const [first] = manifest.objects as [ArchivedObject];
    await of.describe(
      { ...manifest, objects: [first] },
      { name: 'old', archive: card } as never,
      await scratch(),
      work,
    );
    expect(of.warnings().join()).toMatch(/has 1 files, and had 2 when old was made/);

    const engine = { ...localObjects(join(folder, 'objects')), list: () => Promise.reject(new Error('refused')) };
    await world.close();
    world = await openArchiveWorld(folder, engine);
    const blind = months();
    expect(await blind.manifest()).toMatchObject({ objects: null });
    expect(blind.warnings().join()).toMatch(/does not tell what is in the archive.*refused/);
  });
});

describe('copies of archived files next to the backups', () => {
  it('restore a lost archive unchanged, and are encrypted', async () => {
    const before = await allDigests(world.store, groups);
    await world.archiveBefore(MARCH);
    const of = months();
    const { archive: manifest } = await backUp(of);
    expect(await of.describe(manifest as never, undefined, await scratch(), work)).toMatchObject({ included: true });
    const names = await copies().files.names();
    expect(names).toEqual(manifest?.objects?.map(({ sha256 }) => `${sha256}.wka`).sort());
    const bytes = await readFile(join(folder, 'backups', ARCHIVE_COPIES, names[0]!));
    expect(bytes.toString('latin1')).toMatch(/^age-encryption/);
    const stranger = copiesIn(localObjects(join(folder, 'backups')), { recipients: [], identities: [] });
    await expect(stranger.fetch(manifest?.objects?.[0] as never, join(folder, 'x'))).rejects.toBeInstanceOf(Forbidden);

    const fresh = localObjects(join(restored(), 'archive', 'objects'));
    const report = await restore({ archive: objectsIn(fresh), copies: [copies()], bringBack: true });
    expect(report.archive).toEqual({ objects: 2, fromCopies: 2 });
    expect(await answers(fresh)).toEqual(before);
    expect((await readdir(restored())).filter((name) => name.startsWith('archived.'))).toEqual([]);
  });

  it('are made once for all backups, and completed later when the archive or the destination was unreachable', async () => {
    await world.archiveBefore(MARCH);
    let puts = 0;
    const engine = localObjects(join(folder, 'drive'));
    const put: ObjectEngine['put'] = async (key, file) => {
      if (++puts === 2) throw new Error('507 Insufficient Storage');
      await engine.put(key, file);
    };
    const elsewhere = copiesIn({ ...engine, put });
    const manifest = await months().manifest();

    const objects = localObjects(join(folder, 'objects'));
    let fetches = 0;
    const flaky: ObjectEngine['fetch'] = async (key, file) => {
      if (++fetches === 2) throw new Error('reset');
      await objects.fetch(key, file);
    };
    const of = months(objectsIn({ ...objects, fetch: flaky }), elsewhere);
    expect(await of.describe(manifest, undefined, await scratch(), work)).toMatchObject({ included: false });
    expect(of.warnings().join()).toMatch(/not every archived file has a copy.*reset/);
    expect(await of.describe(manifest, undefined, await scratch(), work)).toMatchObject({ included: true });
    expect(of.warnings()).toEqual([]);
    expect(fetches, 'the first is not fetched again').toBe(3);

    const send = async () => of.send(join(folder, 'backups', ARCHIVE_COPIES), await scratch(), work);
    await expect(send()).rejects.toBeInstanceOf(Unavailable);
    await send();
    await send();
    expect(puts).toBe(3);
    expect(await elsewhere.files.names()).toEqual(await copies().files.names());
    const [first] = manifest.objects as [ArchivedObject];
    await elsewhere.fetch(first, join(folder, 'x'));
    expect(await readFile(join(folder, 'x'))).toEqual(await readFile(pathOf(first)));
  });

  it('count only when they are returned complete', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'all of it');
    const engine = localObjects(join(folder, 'drive'));
    const half = new CopiedFiles(
      objectsIn({
        ...engine,
        put: async (key, file) => {
          await writeFile(`${file}.half`, (await readFile(file)).subarray(4));
          await engine.put(key, `${file}.half`);
        },
      }),
      'archive/',
    );
    await expect(half.send([{ name: 'a', path }], join(folder, 'read'), signal, () => {})).rejects.toBeInstanceOf(
      Corrupt,
    );
    expect(await half.names()).toEqual([]);
  });

  it('are skipped when damaged, and the next one is used', async () => {
    await world.archiveBefore(MARCH);
    const of = months(archive(), copiesIn(localObjects(join(folder, 'drive'))));
    const { archive: manifest } = await backUp(of);
    await of.describe(manifest as never, undefined, await scratch(), work);
    await of.send(join(folder, 'backups', ARCHIVE_COPIES), await scratch(), work);
    const [january] = (manifest?.objects ?? []) as [ArchivedObject];
    const copy = join(folder, 'backups', ARCHIVE_COPIES, `${january.sha256}.wka`);
    const bytes = await readFile(copy);
    bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 1;
    await writeFile(copy, bytes);
    await rm(pathOf(january));
    await expect(restore({ archive: archive(), copies: [copies()], bringBack: true })).rejects.toBeInstanceOf(Corrupt);
    expect(existsSync(pathOf(january))).toBe(false);
    expect(await restore(of.target(true))).toMatchObject({ archive: { fromCopies: 1 } });
    await archiveSource(archive()).fetch(january, join(folder, 'x'));
  });

  it(`are complete, each once, when the process that makes them is killed ${KILLED_AFTER.length} times`, async () => {
    const listed: ArchivedObject[] = [];
    for (let i = 0; i < 120; i++) {
      const bytes = randomBytes(200_000);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const key = `group=load/month=2026-01/${String(i + 1).padStart(4, '0')}-${sha256}.parquet`;
      await mkdir(join(folder, 'objects', 'group=load', 'month=2026-01'), { recursive: true });
      await writeFile(join(folder, 'objects', key), bytes);
      listed.push({ key, sha256, bytes: bytes.length });
    }
    await writeFile(join(folder, 'listed.json'), JSON.stringify(listed));
    const expected = listed.map(({ sha256 }) => `${sha256}.wka`).sort();
    const names = async (place: string) => copiesIn(localObjects(join(folder, place))).files.names();
    const seen: number[] = [];
    for (const files of KILLED_AFTER) {
      await copyUntilKilled(files);
      seen.push((await names('backups')).length);
      for (const place of ['backups', 'drive']) {
        for (const name of await names(place)) {
          const object = listed.find(({ sha256 }) => name.startsWith(sha256)) as ArchivedObject;
          await copiesIn(localObjects(join(folder, place))).fetch(object, join(folder, 'x'));
        }
      }
    }
    expect(seen, 'each run goes on where the last one was').toEqual(seen.toSorted((a, b) => a - b));
    expect(await copyUntilKilled(Number.POSITIVE_INFINITY)).toContain('done');
    expect(await names('backups')).toEqual(expected);
    expect(await names('drive')).toEqual(expected);
  });
});

/** Kills the child after it has started this many files; returns its output. */
async function copyUntilKilled(files: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (lines.push(line) === files) child.kill('SIGKILL');
  }
  await exited;
  return lines;
}
