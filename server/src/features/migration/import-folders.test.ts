import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { InvalidInput } from '../../domain/errors.ts';
import { belowImportFolders } from './import-folders.ts';

const OUTSIDE = /^FROM must be below one of the import folders of the service: .*imports/;

/** Import folders `imports` and `shared`, and a secret next to them. */
async function world() {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'wattkeeper-imports-')));
  onTestFinished(() => rm(base, { recursive: true }));
  const at = (path: string) => join(base, path);
  for (const folder of ['imports/records', 'imports-other', 'shared']) await mkdir(at(folder), { recursive: true });
  for (const file of ['secret.json', 'imports-other/secret.json', 'imports/records/a.json', 'shared/b.json']) {
    await writeFile(at(file), '{}');
  }
  return { at, find: belowImportFolders([at('imports'), at('shared')]) };
}

it('finds files below an import folder; relative paths start at the first folder', async () => {
  const { at, find } = await world();
  for (const path of [at('imports/records/a.json'), 'records/a.json', './records/../records/a.json']) {
    expect(await find(path)).toBe(at('imports/records/a.json'));
  }
  expect(await find(at('shared/b.json'))).toBe(at('shared/b.json'));
  expect(await find('.')).toBe(at('imports'));
});

it('rejects paths outside the folders, with the same error whether or not a file exists', async () => {
  const { at, find } = await world();
  const texts = new Set<string>();
  for (const path of [
    at('secret.json'),
    at('imports/../secret.json'),
    at('imports/records/../../secret.json'),
    at('imports-other/secret.json'),
    at('nothing'),
    '../secret.json',
    '../nothing',
    'records/../../secret.json',
    '..',
    '/etc/passwd',
    '/etc/shadow/x',
    '/proc/self/environ',
    '/',
    `/../../../../../..${at('secret.json')}`,
  ]) {
    const error = await find(path).catch((thrown: Error) => thrown);
    expect(error, path).toBeInstanceOf(InvalidInput);
    texts.add((error as Error).message);
  }
  expect([...texts]).toEqual([expect.stringMatching(OUTSIDE)]);
});

it('follows links only within the folders', async () => {
  const { at, find } = await world();
  await symlink(at('secret.json'), at('imports/file'));
  await symlink(at('.'), at('imports/folder'));
  await symlink('../secret.json', at('imports/relative'));
  await symlink('file', at('imports/twice'));
  await symlink(at('shared/b.json'), at('imports/within'));
  for (const path of [
    'file',
    'folder',
    'folder/secret.json',
    'relative',
    'twice',
    'folder/imports-other/secret.json',
  ]) {
    await expect(find(path), path).rejects.toThrow(OUTSIDE);
  }
  expect(await find('within')).toBe(at('shared/b.json'));
  // Through a link back into the folder.
  expect(await find('folder/imports/records/a.json')).toBe(at('imports/records/a.json'));
});

it('an import folder may itself be a link', async () => {
  const { at } = await world();
  await symlink(at('imports'), at('linked'));
  const find = belowImportFolders([at('linked')]);
  expect(await find(at('linked/records/a.json'))).toBe(at('imports/records/a.json'));
  await expect(find(at('imports/records/a.json'))).rejects.toThrow(/FROM must be below/);
});

it('rejects what is neither a file nor a folder, and invalid paths', async () => {
  const { at, find } = await world();
  execFileSync('mkfifo', [at('imports/pipe')]);
  await expect(find('pipe')).rejects.toThrow(/neither a file nor a folder/);
  await expect(find('a\0b')).rejects.toThrow(/NUL/);
  await expect(find('missing.json')).rejects.toThrow(/cannot be read \(ENOENT\); FROM must be below/);
  await expect(find('records/a.json/b')).rejects.toThrow(/cannot be read \(ENOTDIR\)/);
});

it('creates the default folder with access for its user only when it is first needed, and no other folders', async () => {
  const { at } = await world();
  const find = belowImportFolders([at('data-imports'), at('absent')]);
  await expect(find('missing')).rejects.toThrow(/ENOENT/);
  expect((await stat(at('data-imports'))).mode & 0o777).toBe(0o700);
  await expect(stat(at('absent'))).rejects.toThrow(/ENOENT/);
});

it('a file found by any path is in an import folder', async () => {
  const { at, find } = await world();
  await link(at('imports/records/a.json'), at('imports/records/hard.json'));
  await symlink(at('.'), at('imports/up'));
  const part = fc.constantFrom(
    '..',
    '.',
    '',
    'imports',
    'shared',
    'records',
    'up',
    'a.json',
    'secret.json',
    'imports-other',
    '...',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 7 }), fc.boolean(), async (parts, isAbsolute) => {
      const path = isAbsolute ? at(parts.join('/')) : parts.join('/') || '.';
      const found = await find(path).catch((error: unknown) => {
        expect(error).toBeInstanceOf(InvalidInput);
        return null;
      });
      if (found !== null)
        expect([found, relative(at('.'), found)]).toEqual([found, expect.stringMatching(/^(imports|shared)(\/|$)/)]);
    }),
    { numRuns: 300 },
  );
});
