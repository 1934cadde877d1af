import { describe, expect, it } from 'vitest';
import {
  durationsDefinedOnce,
  environmentOnlyInConfig,
  fileNames,
  lengths,
  limitNames,
  MAX_FILE_LINES,
  MAX_FUNCTION_LINES,
  networkOnlyInOutbound,
  noBarrels,
  noDefaultExports,
  noLeftovers,
  pureAnalytics,
  testPartsOnlyFromNeeds,
} from './file-rules.ts';
import { importDirection } from './import-direction.ts';
import { plainEnglish } from './plain-english.ts';
import { makeProject } from './project.ts';
import { deadFiles, importCircles } from './reachability.ts';
import { unusedExports } from './unused.ts';
import { formatViolation, type Violation } from './violation.ts';

describe('import direction', () => {
  it.each([
    [
      'server/src/query/a.ts',
      "import { x } from '../storage/b.ts';",
      'query may import only contract, domain; not storage',
    ],
    ['server/src/query/a.ts', "import type { X } from '../storage/b.ts';", 'not storage'],
    ['server/src/query/a.ts', "type X = import('../storage/b.ts').X;", 'not storage'],
    ['server/src/query/a.ts', "const x = await import('../storage/b.ts');", 'not storage'],
    ['server/src/query/a.ts', "const x = new URL('../storage/b.ts', import.meta.url);", 'not storage'],
    ['server/src/query/a.ts', "export { x } from '../storage/b.ts';", 'not storage'],
    ['server/src/domain/a.ts', "import { x } from '../analytics/b.ts';", 'not analytics'],
    ['server/src/features/f/a.ts', "import { x } from '../../config/b.ts';", 'only types from config'],
    ['server/src/config/a.ts', "import { x } from '../storage/b.ts';", 'config imports of storage only'],
    ['server/src/features/f/a.ts', "import { x } from '../../app.ts';", 'not app.ts'],
    ['server/src/app.ts', "import { x } from './cli/b.ts';", 'app.ts does not import cli'],
    ['server/src/utils/a.ts', '', 'utils is no part of the server'],
    ['server/src/query/a.ts', "import { x } from '../../test/b.ts';", 'imports no tests'],
    ['contract/src/a.ts', "import { x } from 'yaml';", 'contract imports only zod; not yaml'],
    ['web/src/a.ts', "import { x } from '../../server/src/app.ts';", 'the web app imports no server'],
    ['web/src/a.ts', "import { x } from 'node:fs';", 'a browser has no node:fs'],
  ])('%s: %s', (path, text, message) => {
    const found = importDirection(world({ [path]: `\n${text}\n` }));
    expect(found.map(formatViolation)).toEqual([expect.stringContaining(message)]);
    expect(formatViolation(found[0]!)).toMatch(new RegExp(`^${path}:[12] \\[import direction\\] `));
  });

  it.each([
    ['server/src/query/a.ts', "import { x } from '../domain/b.ts'; import { y } from '@wattkeeper/contract/b.ts';"],
    ['server/src/features/f/a.ts', "import { x } from '../../query/b.ts'; import type { y } from '../../ingest/b.ts';"],
    ['server/src/features/f/a.ts', "import { type x, type y } from '../../ingest/b.ts';"],
    ['server/src/query/a.test.ts', "import { x } from '../storage/b.ts'; import { y } from '../../test/b.ts';"],
    ['server/src/cli/a.ts', "import { x } from '../app.ts';"],
    ['web/src/a.ts', "import { x } from '@wattkeeper/contract/b.ts'; import 'react';"],
    ['contract/src/a.ts', "import { z } from 'zod'; import { x } from './b.ts';"],
  ])('%s may: %s', (path, text) => {
    expect(importDirection(world({ [path]: text }))).toEqual([]);
  });

  function world(more: Record<string, string>) {
    const layers = ['storage', 'analytics', 'config', 'ingest', 'query', 'domain', 'cli'];
    const others = layers.map((layer) => [`server/src/${layer}/b.ts`, ''] as const);
    const fixed = { 'server/src/app.ts': '', 'server/test/b.ts': '', 'contract/src/b.ts': '' };
    return makeProject({ ...Object.fromEntries(others), ...fixed, ...more });
  }
});

describe('import circles', () => {
  it('are found through types, with their whole way and the line that closes them', () => {
    const found = importCircles(
      makeProject({
        'server/src/domain/a.ts': "import { b } from './b.ts';",
        'server/src/domain/b.ts': "\nimport type { c } from './c.ts';",
        'server/src/domain/c.ts': "\n\nexport type { a } from './a.ts';",
      }),
    );
    expect(lines(found)).toEqual([
      'server/src/domain/c.ts:3 [import circle] imports in a circle: server/src/domain/a.ts → server/src/domain/b.ts → ' +
        'server/src/domain/c.ts → server/src/domain/a.ts',
    ]);
  });

  it('are not two ways to the same file, nor a worker that is named by its address', () => {
    const project = makeProject({
      'server/src/jobs/a.ts': "import './b.ts'; import './c.ts'; new URL('./d.worker.ts', import.meta.url);",
      'server/src/jobs/b.ts': "import './c.ts';",
      'server/src/jobs/c.ts': '',
      'server/src/jobs/d.worker.ts': "import type { A } from './a.ts';",
    });
    expect(importCircles(project)).toEqual([]);
  });
});

it('dead files are those that nothing but tests, or nothing but each other, uses', () => {
  const project = makeProject(
    {
      'server/src/main.ts': "import './query/used.ts'; const later = () => import('./query/lazy.ts');",
      'server/src/query/used.ts': '',
      'server/src/query/lazy.ts': '',
      'server/src/query/tested.ts': '',
      'server/src/query/tested.test.ts': "import './tested.ts'; import '../../test/helper.ts';",
      'server/src/query/pair-a.ts': "import './pair-b.ts';",
      'server/src/query/pair-b.ts': "import './pair-a.ts';",
      'server/src/jobs/model.worker.ts': '',
      'server/test/helper.ts': '',
      'server/test/forgotten.ts': '',
      'web/src/main.tsx': "import './app.tsx';",
      'web/src/app.tsx': '',
      'bench/ingest.ts': '',
    },
    '<script type="module" src="/src/main.tsx"></script>',
  );
  expect(lines(deadFiles(project))).toEqual([
    'server/src/query/tested.ts:1 [dead file] only tests use this file: use it, or remove it with its tests',
    'server/src/query/pair-a.ts:1 [dead file] nothing uses this file: use it or remove it',
    'server/src/query/pair-b.ts:1 [dead file] nothing uses this file: use it or remove it',
    'server/test/forgotten.ts:1 [dead file] nothing uses this file: use it or remove it',
  ]);
});

describe('rules of single files', () => {
  const named = {
    durationsDefinedOnce,
    environmentOnlyInConfig,
    fileNames,
    limitNames,
    networkOnlyInOutbound,
    noBarrels,
    noDefaultExports,
    noLeftovers,
    pureAnalytics,
    testPartsOnlyFromNeeds,
  };
  const marker = ['TO', 'DO'].join('');
  it.each([
    ['noBarrels', 'server/src/query/index.ts', 'export const a = 1;', 1],
    ['noBarrels', 'server/src/query/all.ts', "\nexport * from './a.ts';", 2],
    ['noDefaultExports', 'web/src/a.tsx', '\nexport default 1;', 2],
    ['noDefaultExports', 'web/src/a.tsx', 'const a = 1;\nexport { a as default };', 2],
    ['noLeftovers', 'web/src/a.ts', `\n// ${marker}: later`, 2],
    ['noLeftovers', 'web/src/a.test.ts', `it.${'only'}('x', () => {});`, 1],
    ['pureAnalytics', 'server/src/analytics/a.ts', '\nconst a = Date.now();', 2],
    ['pureAnalytics', 'server/src/analytics/a.ts', 'const a = new Date();', 1],
    ['pureAnalytics', 'server/src/analytics/a.ts', "const a = Math['random']();", 1],
    ['durationsDefinedOnce', 'server/src/query/a.ts', '\nconst HOUR_MS = 3_600_000;', 2],
    ['durationsDefinedOnce', 'web/src/a.test.ts', 'const DAY_MS = 24 * ANY;', 1],
    ['durationsDefinedOnce', 'web/src/a.ts', 'const DAY = 86400000;', 1],
    ['durationsDefinedOnce', 'bench/a.ts', 'export const WAIT_MS = 15 * 60_000;', 1],
    ['environmentOnlyInConfig', 'server/src/main.ts', '\n\nstart(process.env);', 3],
    ['environmentOnlyInConfig', 'server/src/main.ts', "import { argv, env } from 'node:process';", 1],
    ['fileNames', 'server/src/features/f/solar-service.ts', '', 1],
    ['fileNames', 'server/src/features/f/user-routes.ts', '', 1],
    ['fileNames', 'server/src/features/f/jobs.ts', '', 1],
    ['fileNames', 'web/src/ui/utils.tsx', '', 1],
    ['limitNames', 'server/src/query/a.ts', '\nconst MOST_DAYS = 92;', 2],
    ['limitNames', 'contract/src/a.ts', 'export const ERRORS_TOLD = 100;', 1],
    ['limitNames', 'web/src/a.ts', 'const ROWS_MAX = 500;', 1],
    ['limitNames', 'web/src/a.ts', 'const WAIT_MIN_MS = 500;', 1],
    ['networkOnlyInOutbound', 'server/src/storage/a.ts', "\nimport { request } from 'node:https';", 2],
    ['networkOnlyInOutbound', 'server/src/features/f/a.ts', "const { connect } = await import('node:net');", 1],
    ['networkOnlyInOutbound', 'server/src/features/f/a.ts', '\nconst a = await fetch(url);', 2],
    ['testPartsOnlyFromNeeds', 'server/test/a.test.ts', `\nprocess.${'env'}.WATTKEEPER_TEST_NGINX;`, 2],
  ] as const)('%s finds %s: %s', (rule, path, text, line) => {
    expect(named[rule](makeProject({ [path]: text }))).toMatchObject([{ path, line }]);
  });

  it.each([
    ['noDefaultExports', 'vitest.config.ts', 'export default {};'],
    ['pureAnalytics', 'server/src/analytics/a.ts', 'const a = new Date(0); // Date.now() comes in'],
    ['pureAnalytics', 'server/src/jobs/a.ts', 'const a = Date.now();'],
    ['durationsDefinedOnce', 'contract/src/durations.ts', 'export const SECOND_MS = 1_000;'],
    ['durationsDefinedOnce', 'server/src/query/a.ts', 'const COLUMNS_BYTES = 60_000; const WAIT_MS = 2 * MINUTE_MS;'],
    ['environmentOnlyInConfig', 'server/src/config/load.ts', 'process.env;'],
    ['fileNames', 'server/src/features/f/solar/service.ts', ''],
    ['fileNames', 'server/src/storage/records/jobs.ts', ''],
    ['limitNames', 'web/src/a.ts', 'const MAX_WAIT_MS = 500; const MINUTES = 3;'],
    ['networkOnlyInOutbound', 'server/src/outbound/a.ts', "import { request } from 'node:https';"],
    [
      'networkOnlyInOutbound',
      'server/src/features/f/a.ts',
      "import type { Server } from 'node:http'; copies.fetch(name);",
    ],
  ] as const)('%s allows %s: %s', (rule, path, text) => {
    expect(named[rule](makeProject({ [path]: text }))).toEqual([]);
  });
});

describe('lengths', () => {
  const body = '  a();\n'.repeat(MAX_FUNCTION_LINES);
  const long = `const x = 1;\nexport const plan = () => {\n${body}};\n`;

  it('name the function that is too long, wherever its name stands', () => {
    const path = 'server/src/query/a.ts';
    expect(lines(lengths(makeProject({ [path]: long }), []))).toEqual([
      `${path}:2 [length] plan has 72 lines; at most 70`,
    ]);
    expect(lengths(makeProject({ [path]: `class A { run() {\n${body}} }` }), [])).toMatchObject([{ line: 1 }]);
  });

  it('leave functions of tests alone, but not their files', () => {
    expect(lengths(makeProject({ 'server/test/a.ts': long }), [])).toEqual([]);
    const file = 'x;\n'.repeat(MAX_FILE_LINES + 1);
    expect(lengths(makeProject({ 'server/test/a.ts': file }), [])).toMatchObject([{ line: 401 }]);
  });

  it('take exceptions, and refuse one that is not needed any more', () => {
    const exception = { path: 'web/src/a.ts', function: 'plan', reason: 'a table' };
    expect(lengths(makeProject({ 'web/src/a.ts': long }), [exception])).toEqual([]);
    expect(lengths(makeProject({ 'web/src/a.ts': '' }), [exception])).toMatchObject([{ path: 'web/src/a.ts' }]);
  });
});

function lines(violations: Violation[]): string[] {
  return violations.map(formatViolation);
}

describe('plain English', () => {
  it.each([
    ['server/src/a.ts', '// Rejections are told one by one.', 1],
    ['server/src/a.ts', '\nconst valuesTold = 1;', 2],
    ['web/src/a.tsx', 'const ERRORS_TOLD = 1;', 1],
    ['README.md', 'The file is written anew.\nThe table is no more.', 1],
    ['docs/a.md', '\nReading resumes behind the last id.', 2],
  ])('of %s rejects %s', (path, text, line) => {
    expect(plainEnglish([[path, text]])[0]).toMatchObject({ path, line, rule: 'plain English' });
  });

  it.each([
    ['server/src/a.ts', 'const retold = stolen(bold);'],
    ['docs/a.md', 'It takes no more than 5 s, as long as the health check passes.'],
    ['docs/glossary.md', 'told: listed'],
  ])('of %s accepts %s', (path, text) => {
    expect(plainEnglish([[path, text]])).toEqual([]);
  });
});

describe('exports', () => {
  it('that nothing, or nothing but tests, uses are found', () => {
    const project = makeProject({
      'contract/src/a.ts':
        'export const used = 1;\nexport const inHere = used;\nexport type Dead = 1;\nexport const tested = inHere;',
      'server/src/domain/b.ts': "import { used } from '@wattkeeper/contract/a.ts';\nexport { used as dead };",
      'server/src/domain/b.test.ts': "import { tested } from '@wattkeeper/contract/a.ts';",
      'server/src/domain/c.worker.ts': 'export const called = 1;',
    });
    expect(lines(unusedExports(project))).toEqual([
      'contract/src/a.ts:3 [unused export] nothing uses Dead: use it or remove it',
      'contract/src/a.ts:4 [unused export] only tests use tested: use it or remove it',
      'server/src/domain/b.ts:2 [unused export] nothing uses dead: use it or remove it',
    ]);
  });

  it('are used by whoever imports the whole file, now or later', () => {
    const project = makeProject({
      'web/src/a.ts': 'export const a = 1;',
      'web/src/b.ts': 'export const b = 1;',
      'web/src/c.ts': "import * as all from './a.ts'; const later = () => import('./b.ts');",
    });
    expect(unusedExports(project)).toEqual([]);
  });
});
