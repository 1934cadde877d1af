import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LENGTH_EXCEPTIONS } from './tidy/exceptions.ts';
import * as rules from './tidy/file-rules.ts';
import { importDirection } from './tidy/import-direction.ts';
import { plainEnglish } from './tidy/plain-english.ts';
import { loadProject } from './tidy/project.ts';
import { deadFiles, importCircles } from './tidy/reachability.ts';
import { unusedExports } from './tidy/unused.ts';
import { formatViolation, type Violation } from './tidy/violation.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const project = loadProject(root);

describe('tidy rules', () => {
  it('looks at the whole checkout', () => {
    expect([...project.files.keys()]).toEqual(
      expect.arrayContaining(['scripts/start.mjs', 'server/test/tidy.test.ts', 'vitest.config.ts']),
    );
  });

  it('imports follow the architecture', () => expectNone(importDirection(project)));
  it('there are no import cycles', () => expectNone(importCircles(project)));
  it('every file is used', () => expectNone(deadFiles(project)));
  it('words have their usual sense', () => expectNone(plainEnglish([...sources(), ...documents()])));
  it('every export is used', () => expectNone(unusedExports(project)));
  it('there are no barrels', () => expectNone(rules.noBarrels(project)));
  it('exports have names', () => expectNone(rules.noDefaultExports(project)));
  it('there are no leftovers', () => expectNone(rules.noLeftovers(project)));
  it('files and functions are within the length limits', () => expectNone(rules.lengths(project, LENGTH_EXCEPTIONS)));
  it('files are named after what they hold', () => expectNone(rules.fileNames(project)));
  it('limits are named MAX_… or MIN_…', () => expectNone(rules.limitNames(project)));
  it('units of time have one definition', () => expectNone(rules.durationsDefinedOnce(project)));
  it('models take time and randomness as parameters', () => expectNone(rules.pureAnalytics(project)));
  it('only the configuration reads the environment', () => expectNone(rules.environmentOnlyInConfig(project)));
  it('only outbound connects to other servers', () => expectNone(rules.networkOnlyInOutbound(project)));
  it('tests find parts through needs.ts only', () => expectNone(rules.testPartsOnlyFromNeeds(project)));

  it.each(['.', 'contract', 'server', 'web'])('packages of %s have exact versions', (folder) => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version)),
    );
    expect(loose).toEqual([]);
  });

  it.skipIf(!existsSync(join(root, '.git')))('git keeps every source file', () => {
    const folders = ['contract/src', 'server/src', 'server/test', 'web/src', 'scripts', 'docs', 'deploy'];
    const args = ['ls-files', '--others', '--ignored', '--exclude-standard', '--', ...folders];
    const ignored = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
    expect(ignored, 'these files are ignored by a .gitignore and would be lost').toEqual([]);
  });
});

function sources() {
  return [...project.files.values()].map(({ path, text }) => [path, text] as const);
}

function documents() {
  const paths = globSync(['*.md', 'docs/**/*.md', '.ci/run'], { cwd: root });
  return paths.map((path) => [path, readFileSync(join(root, path), 'utf8')] as const);
}

function expectNone(violations: Violation[]): void {
  if (violations.length > 0) expect.fail(`\n${violations.map(formatViolation).sort().join('\n')}`);
}
