import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Config } from '../../src/config/schema.ts';
import { Conflict, InvalidInput, Unavailable } from '../../src/domain/errors.ts';
import { MAX_PATH_BYTES } from '../../src/domain/file-path.ts';
import { openDataFolder } from '../../src/storage/data-folder.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { openRecords } from '../../src/storage/records/record-store.ts';
import { batch, rowsOf } from '../conformance/telemetry-blocks.ts';

const T0 = Date.UTC(2026, 0, 15);
/** Characters with a special meaning in shells, engines or URLs. */
const ODD = `sp ace '" #%41 ~$HOME & ; \\ [a]{b}* file:x é 😀\nline\t-`;

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'folders-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A folder whose path has exactly this many bytes. */
function longPath(bytes: number): string {
  const rest = bytes - Buffer.byteLength(base);
  const half = Math.floor(rest / 2);
  return join(base, 'x'.repeat(half - 1), 'y'.repeat(rest - half - 1));
}

it.each([
  ['with special characters', () => join(base, ODD)],
  ['with the longest allowed path', () => longPath(MAX_PATH_BYTES)],
  [
    'reached through a symbolic link',
    () => {
      mkdirSync(join(base, 'target'));
      symlinkSync(join(base, 'target'), join(base, 'link'));
      return join(base, 'link');
    },
  ],
])('a folder %s holds records and telemetry of both engines, and nothing is written next to it', async (_, make) => {
  const path = make();
  const before = readdirSync(base);
  const folder = openDataFolder(Config.parse({ data_dir: path }).data_dir);
  const open = (type: 'duckdb' | 'sqlite') => openTelemetryStore({ type }, folder.path);
  for (const type of ['duckdb', 'sqlite'] as const) {
    const store = await open(type);
    await store.write([batch('g', [['d', T0, { v: 1 }]])]);
    await store.compact(1e14, new AbortController().signal);
    await store.close();
    const again = await open(type);
    expect(await rowsOf(again, 'g', ['d'], ['v'])).toEqual([['d', T0, 1]]);
    await again.close();
  }
  await (await openRecords({ type: 'sqlite', path: folder.file('wattkeeper.db') })).close();
  folder.release();
  expect(readdirSync(folder.path).sort()).toEqual(['lock', 'telemetry.duckdb', 'telemetry.sqlite', 'wattkeeper.db']);
  expect(readdirSync(base).length).toBe(Math.max(before.length, 1));
});

it.each([
  ['~/data', /must not begin with ~, which only shells replace/],
  ['a\0b', /must not contain the character NUL/],
  ['a\ufffdb', /must be UTF-8/],
  ['x'.repeat(256), /at most 255 bytes in each component, but one has 256/],
  ['x/'.repeat(200), new RegExp(`at most ${MAX_PATH_BYTES} bytes as a full path, but has`)],
])('the path %j is rejected with the reason, and nothing is created', (name, reason) => {
  const path = name.startsWith('~') ? name : `${base}/new/${name}`;
  expect(() => openDataFolder(path)).toThrow(InvalidInput);
  expect(() => openDataFolder(path)).toThrow(reason);
  expect(Config.safeParse({ data_dir: path }).error?.issues).toMatchObject([
    { path: ['data_dir'], message: expect.stringMatching(reason) },
  ]);
  expect(readdirSync(base)).toEqual([]);
});

it.each([
  ['empty', Buffer.alloc(0)],
  ['zeros', Buffer.alloc(4096)],
  ['text', Buffer.from('no database '.repeat(500))],
  ['a damaged header', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4080, 0xff)])],
])('a damaged lock (%s) blocks no process, and becomes a valid lock again', (_, bytes) => {
  writeFileSync(join(base, 'lock'), bytes);
  const folder = openDataFolder(base);
  expect(() => openDataFolder(base)).toThrow(Conflict);
  folder.release();
  openDataFolder(base).release();
});

it('a path with ? is rejected for DuckDB, and works for SQLite', async () => {
  const path = join(base, 'what?x=1');
  const issues = (stores: object[]) => Config.safeParse({ data_dir: path, stores }).error?.issues ?? [];
  const reason = expect.stringContaining('must not contain ?, after which DuckDB expects options');
  expect(issues([{ type: 'duckdb' }])).toMatchObject([{ path: ['data_dir'], message: reason }]);
  expect(issues([{ type: 'sqlite' }])).toEqual([]);
  expect(issues([{ type: 'duckdb', path: join(base, 'telemetry.duckdb') }])).toEqual([]);
  await expect(openTelemetryStore({ type: 'duckdb', path: join(path, 'x') })).rejects.toThrow(/must not contain \?/);
  expect(readdirSync(base)).toEqual([]);
  const folder = openDataFolder(path);
  const store = await openTelemetryStore({ type: 'sqlite', path: folder.file('telemetry.sqlite') });
  await store.write([batch('g', [['d', T0, { v: 1 }]])]);
  await store.close();
  folder.release();
});

it('relative paths start at the working folder, even those that look like URLs', () => {
  for (const path of ['data', './~', 'file:data', 's3:x']) {
    expect(Config.parse({ data_dir: path }).data_dir).toBe(join(process.cwd(), path));
  }
});

it('a path that is not a folder is rejected with instructions', () => {
  writeFileSync(join(base, 'file'), '');
  symlinkSync(join(base, 'nowhere'), join(base, 'dangling'));
  symlinkSync(join(base, 'loop'), join(base, 'loop'));
  for (const [name, reason] of [
    ['file', /is not a folder: move the file away, or set data_dir/],
    ['file/below', /is not a folder: move the file away, or set data_dir/],
    ['dangling', /is a symbolic link to a place that does not exist: create that place, or set data_dir/],
    ['loop', /symbolic link.* or set data_dir/],
  ] as const) {
    expect(() => openDataFolder(join(base, name))).toThrow(Unavailable);
    expect(() => openDataFolder(join(base, name))).toThrow(reason);
  }
  expect(readdirSync(base).sort()).toEqual(['dangling', 'file', 'loop']);
});

it('a folder without write permission, or with such a file in it, is rejected with instructions', () => {
  chmodSync(base, 0o755);
  const closed = join(base, 'closed');
  mkdirSync(closed, { mode: 0o755 });
  const own = join(base, 'own');
  mkdirSync(own);
  chmodSync(own, 0o777);
  writeFileSync(join(own, 'wattkeeper.db'), '');
  chmodSync(join(own, 'wattkeeper.db'), 0o444);
  if (process.getuid?.() !== 0) chmodSync(closed, 0o555);
  for (const [path, named] of [
    [closed, closed],
    [join(closed, 'new', 'newer'), closed],
    [own, join(own, 'wattkeeper.db')],
  ] as const) {
    expect(asOtherUser(path)).toContain(
      `has no permission to read and write ${named}: change its owner or mode (chown, chmod), or set data_dir`,
    );
  }
});

it.runIf(existsSync('/proc/self'))('a folder that the system cannot create is rejected without waiting', () => {
  expect(() => openDataFolder('/proc/wattkeeper')).toThrow(
    /\/proc\/wattkeeper cannot be created there .*or set data_dir/,
  );
});

/** The output of opening a folder as a user who owns nothing: root may write everywhere. */
function asOtherUser(path: string): string {
  const module = new URL('../../src/storage/data-folder.ts', import.meta.url).href;
  const script = `process.getuid() === 0 && process.setuid(65534);
    try { openDataFolder(${JSON.stringify(path)}); console.log('opened'); } catch (error) { console.log(error.name + ': ' + error.message); }`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '-e', `import { openDataFolder } from ${JSON.stringify(module)};\n${script}`],
    { encoding: 'utf8' },
  );
  return stdout || stderr;
}

it('an existing folder and its databases are private to this user once they are opened; other files are unchanged', () => {
  const loose = (path: string, names: readonly string[]) => {
    mkdirSync(path);
    chmodSync(path, 0o755);
    for (const name of names) {
      writeFileSync(join(path, name), '');
      chmodSync(join(path, name), 0o644);
    }
    openDataFolder(path).release();
    return [path, ...names.map((name) => join(path, name))].map((one) => (statSync(one).mode & 0o777).toString(8));
  };
  const own = [
    'lock',
    'wattkeeper.db',
    'wattkeeper.db-wal',
    'set-aside.db',
    'set-aside.db-wal',
    'telemetry.duckdb',
    'telemetry.duckdb.wal',
    'telemetry.sqlite',
  ];
  expect(loose(join(base, 'own'), own)).toEqual(['700', ...own.map(() => '600')]);
  expect(loose(join(base, 'empty'), [])).toEqual(['700']);
  expect(loose(join(base, 'shared'), ['wattkeeper.db', 'letter.txt'])).toEqual(['755', '600', '644']);
  expect(existsSync(join(base, 'shared', 'lock'))).toBe(true);
});
