import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isInstalled, isInstalledByNpm, isServerBundled, isWebBuilt } from './setup.mjs';
import { SERVER_SOURCES, sourceHash, WEB_SOURCES } from './source-hash.mjs';

let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'wattkeeper-checkout-'));
});

afterEach(() => {
  rmSync(checkout, { recursive: true, force: true });
});

describe('sourceHash', () => {
  it('is equal for unchanged files, and ignores files outside the given paths', () => {
    write('web/src/app.tsx', 'a');
    const before = sourceHash(checkout, WEB_SOURCES);
    write('server/src/main.ts', 'b');
    expect(sourceHash(checkout, WEB_SOURCES)).toBe(before);
  });

  it.each([
    ['an edit deep in a folder', () => write('web/src/ui/controls/button.tsx', 'changed')],
    ['a new file', () => write('web/src/ui/card.tsx', '')],
    ['a file that goes', () => rmSync(join(checkout, 'web/src/ui/controls/button.tsx'))],
    ['a path that did not exist before', () => write('web/index.html', '<html>')],
    [
      'text that moves from one file to the next',
      () => {
        write('web/src/a.ts', '1');
        write('web/src/b.ts', '23');
      },
    ],
  ])('changes with %s', (_what, change) => {
    write('web/src/ui/controls/button.tsx', 'a');
    write('web/src/a.ts', '12');
    write('web/src/b.ts', '3');
    const before = sourceHash(checkout, WEB_SOURCES);
    change();
    expect(sourceHash(checkout, WEB_SOURCES)).not.toBe(before);
  });
});

describe('isInstalled', () => {
  it('is false without node_modules, true once recorded, false again when the lockfile changes', () => {
    write('package-lock.json', '{}');
    expect(isInstalled(checkout)).toBe(false);
    write('node_modules/.wattkeeper-install', `${sourceHash(checkout, ['package-lock.json'])}\n`);
    expect(isInstalled(checkout)).toBe(true);
    write('package-lock.json', '{ "lockfileVersion": 3 }');
    expect(isInstalled(checkout)).toBe(false);
  });

  it('requires development packages only when they are requested', () => {
    write('package-lock.json', '{}');
    const hash = sourceHash(checkout, ['package-lock.json']);
    write('node_modules/.wattkeeper-install', `${hash}\n`);
    expect([isInstalled(checkout), isInstalled(checkout, true)]).toEqual([true, false]);
    write('node_modules/.wattkeeper-install', `${hash} with-tools\n`);
    expect([isInstalled(checkout), isInstalled(checkout, true)]).toEqual([true, true]);
  });
});

describe('isInstalledByNpm', () => {
  const zod = { version: '4.6.7', integrity: 'sha512-a' };
  const root = { name: 'wattkeeper' };

  it('is true when npm recorded every required package, except those for other platforms', () => {
    lock({ '': root, 'node_modules/zod': zod, 'node_modules/fsevents': { version: '2.0.0', optional: true } });
    record({ 'node_modules/zod': zod });
    expect(isInstalledByNpm(checkout)).toBe(true);
  });

  it('requires development packages only when they are requested', () => {
    const vitest = { version: '5.1.1', dev: true };
    lock({ '': root, 'node_modules/zod': zod, 'node_modules/vitest': vitest });
    record({ 'node_modules/zod': zod });
    expect([isInstalledByNpm(checkout), isInstalledByNpm(checkout, true)]).toEqual([true, false]);
    record({ 'node_modules/zod': zod, 'node_modules/vitest': vitest });
    expect([isInstalledByNpm(checkout), isInstalledByNpm(checkout, true)]).toEqual([true, true]);
  });

  it.each([
    ['npm recorded nothing', undefined],
    ['a package is absent', {}],
    ['a package has another version', { 'node_modules/zod': { ...zod, version: '4.6.6' } }],
    ['a package has another content', { 'node_modules/zod': { ...zod, integrity: 'sha512-b' } }],
    [
      'a package is left that nothing wants',
      { 'node_modules/zod': zod, 'node_modules/left-pad': { version: '1.3.0' } },
    ],
  ])('is false when %s', (_what, packages) => {
    lock({ '': root, 'node_modules/zod': zod });
    if (packages !== undefined) record(packages);
    expect(isInstalledByNpm(checkout)).toBe(false);
  });

  function lock(packages: object): void {
    write('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages }));
  }

  function record(packages: object): void {
    write('node_modules/.package-lock.json', JSON.stringify({ lockfileVersion: 3, packages }));
  }
});

describe('isWebBuilt', () => {
  it('is true only while the build is complete and its sources are unchanged', () => {
    write('web/src/app.tsx', 'a');
    expect(isWebBuilt(checkout)).toBe(false);
    write('web/dist/index.html', '<html>');
    expect(isWebBuilt(checkout), 'a build that stopped before its stamp').toBe(false);
    write('web/dist/.source-hash', `${sourceHash(checkout, WEB_SOURCES)}\n`);
    expect(isWebBuilt(checkout)).toBe(true);
    write('contract/src/reading.ts', 'b');
    expect(isWebBuilt(checkout), 'the contract changed').toBe(false);
  });
});

describe('isServerBundled', () => {
  it('is true only while the bundle is complete and its sources are unchanged', () => {
    write('server/src/main.ts', 'a');
    write('server/dist/main.js', 'a');
    expect(isServerBundled(checkout), 'a bundle that stopped before its stamp').toBe(false);
    write('server/dist/.source-hash', `${sourceHash(checkout, SERVER_SOURCES)}\n`);
    expect(isServerBundled(checkout)).toBe(true);
    write('server/src/later.ts', 'b');
    expect(isServerBundled(checkout), 'a new source').toBe(false);
  });
});

function write(path: string, content: string): void {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), content);
}
