import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { environmentOf, findParts } from './parts.mjs';
import { describeMissing, totals } from './test-report.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wattkeeper-parts-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('findParts', () => {
  it('finds a program in PATH and data next to the checkout', () => {
    const chromium = join(folder, 'chromium');
    writeFileSync(chromium, '');
    chmodSync(chromium, 0o755);
    mkdirSync(join(folder, 'shared/data'), { recursive: true });
    const parts = findParts(join(folder, 'checkout'), { PATH: folder });
    expect(path(parts, 'CHROMIUM')).toBe(chromium);
    expect(path(parts, 'REAL_DATA')).toBe(join(folder, 'shared/data'));
  });

  it('distinguishes programs of one name by their version', () => {
    const versions = { old: 'InfluxDB v1.8.10 (git: x)', new: 'InfluxDB v2.7.12 (git: y)' };
    for (const [name, version] of Object.entries(versions)) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'influxd'), `#!/bin/sh\n[ "$1" = version ] && echo '${version}'\n`);
      chmodSync(join(folder, name, 'influxd'), 0o755);
    }
    const parts = findParts(folder, { PATH: `${join(folder, 'new')}:${join(folder, 'old')}` });
    expect(path(parts, 'INFLUXD')).toBe(join(folder, 'old/influxd'));
    expect(path(parts, 'INFLUXD2')).toBe(join(folder, 'new/influxd'));
  });

  it('uses the path of a variable, and omits a part whose variable is empty', () => {
    const parts = findParts(folder, { WATTKEEPER_TEST_INFLUXD: '/opt/influxd', WATTKEEPER_TEST_NGINX: '' });
    expect(path(parts, 'INFLUXD')).toBe('/opt/influxd');
    expect(path(parts, 'NGINX')).toBeUndefined();
    expect(environmentOf(parts)).toMatchObject({
      WATTKEEPER_TEST_INFLUXD: '/opt/influxd',
      WATTKEEPER_TEST_NGINX: '',
    });
  });

  it('has a description and an installation command for every part, and no command for data', () => {
    const parts = findParts(folder, {});
    for (const part of parts) expect([part.is, part.enable]).not.toContain('');
    expect(parts.filter((part) => !part.required).map((part) => part.name)).toEqual([
      'AZURITE',
      'CITUS',
      'FAKE_GCS',
      'INFLUXD2',
      'MOTO',
      'SMALL_DISK',
      'TIMESCALEDB',
      'REAL_DATA',
    ]);
  });
});

describe('the report', () => {
  const report = {
    testResults: [
      file('migrate.test.ts', 'passed', [
        test('passed', ['reading a file']),
        test('skipped', ['migration from InfluxDB [needs INFLUXD]']),
        test('skipped', ['migration from InfluxDB [needs INFLUXD]', 'of tags']),
      ]),
      file('wrong.test.ts', 'failed', [test('failed', ['a group']), test('passed', ['a group'])]),
      file('does-not-load.test.ts', 'failed', []),
    ],
  };

  it('counts a file that does not load as a failure', () => {
    expect(totals(report)).toEqual({ passed: 2, failed: 2 });
  });

  it('lists each skipped group once, with the command that enables it', () => {
    const missing = findParts(folder, { WATTKEEPER_TEST_INFLUXD: '' }).filter((part) => part.name === 'INFLUXD');
    expect(describeMissing(missing, report)).toEqual([
      'INFLUXD: the InfluxDB 1.x server',
      '  not run: migration from InfluxDB',
      '  enable:  apt-get install influxdb influxdb-client',
    ]);
  });
});

function path(parts: ReturnType<typeof findParts>, name: string): string | undefined {
  return parts.find((part) => part.name === name)?.path;
}

function file(name: string, status: string, assertionResults: ReturnType<typeof test>[]) {
  return { name, status, assertionResults };
}

function test(status: string, ancestorTitles: string[]) {
  return { status, ancestorTitles };
}
