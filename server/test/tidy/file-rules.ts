import type { Exception } from './exceptions.ts';
import { isTest, type Project } from './project.ts';
import type { Finding, SourceFile } from './source-file.ts';
import { type Violation, violation } from './violation.ts';

export const MAX_FILE_LINES = 400;
export const MAX_FUNCTION_LINES = 70;

const TOOL_CONFIGURATIONS = ['vitest.config.ts', 'web/vite.config.ts'];
const READS_ENVIRONMENT = /^(server\/src\/config|scripts|bench)\/|^web\/vite\.config\.ts$/;
const MAY_USE_NETWORK = /^server\/src\/(outbound|http|cli)\//;
const NETWORK_MODULES = /^(node:)?(https?|http2|net|tls|dns|dns\/promises|dgram|inspector)$|^undici$/;
const NETWORK_GLOBALS = /(?:await|return|[=>(,:?])\s*(?:globalThis\.)?fetch\(|new (?:WebSocket|EventSource)\(/;
const DURATIONS = 'contract/src/durations.ts';
const UNIT_OF_TIME = /^ *(?:export )?const ((?:UTC_)?(?:SECOND|MINUTE|HOUR|DAY|WEEK)_MS) =/;
const LITERAL_DURATION = /^ *(?:export )?const (\w+) = [\d_.* ]*\b(?:60_?000|3_?600_?000|86_?400_?000|604_?800_?000)\b/;
const CONSTANT = /^ *(?:export )?const ([A-Z][A-Z0-9_]*)\b/;
const LIMIT_WORDS =
  /(?:^|_)(?:MOST|LEAST|LONGEST|SHORTEST|GREATEST|LARGEST|SMALLEST|TOLD|KEPT)(?:_|$)|._(?:MAX|MIN)(?:_|$)/;
const EMPTY_NAMES = /(?:^|\/)(?:piece|parts|files|source|rows|utils?|helpers?|misc|things?)\.tsx?$/;
const FEATURE_SUFFIXES = /^server\/src\/features\/.*(?:-service|-routes|-jobs?|\/jobs)\.ts$/;
const TEST_ENVIRONMENT = 'server/test/needs.ts';
// Spelt apart, or this file would break its own rule.
const MARKERS = new RegExp(`\\b(${['TO_DO', 'FIX_ME', 'XX_X', 'HA_CK'].join('|').replaceAll('_', '')})\\b`);
const FOCUSED = new RegExp(`\\b(it|test|describe)\\.${'only'}\\b`);

/** Import the file that defines the thing. */
export function noBarrels({ files }: Project): Violation[] {
  return each(files, (file) => [
    ...file.reExportsAll,
    ...(/(^|\/)index\.tsx?$/.test(file.path) ? [{ what: 'a file named index', line: 1 }] : []),
  ]).map(toViolation('no barrels', (what) => `${what}: import the file that defines the thing`));
}

/** A thing has one name everywhere. */
export function noDefaultExports({ files }: Project): Violation[] {
  return each(files, (file) => (TOOL_CONFIGURATIONS.includes(file.path) ? [] : file.defaultExports)).map(
    toViolation('no default exports', (what) => `${what}: export it by its name`),
  );
}

/** Open work belongs in an issue, not in the code. */
export function noLeftovers({ files }: Project): Violation[] {
  return each(files, ({ text }) =>
    text.split('\n').flatMap((content, index) => {
      const found = MARKERS.exec(content) ?? FOCUSED.exec(content);
      return found === null ? [] : [{ what: found[0], line: index + 1 }];
    }),
  ).map(toViolation('no leftovers', (what) => `${what} is left over`));
}

/** Models get time and randomness as parameters. */
export function pureAnalytics({ files }: Project): Violation[] {
  return each(files, (file) =>
    file.path.startsWith('server/src/analytics/') && !isTest(file.path) ? file.impurities : [],
  ).map(toViolation('pure analytics', (what) => `${what}: a model takes time and randomness as parameters`));
}

/** The environment is read and validated in one place. */
export function environmentOnlyInConfig({ files }: Project): Violation[] {
  return each(files, (file) =>
    READS_ENVIRONMENT.test(file.path) || isTest(file.path) ? [] : file.environmentReads,
  ).map(toViolation('environment', (what) => `${what}: only server/src/config reads the environment`));
}

/** Outbound connections are checked in one place. The command line connects to its service. */
export function networkOnlyInOutbound({ files }: Project): Violation[] {
  return each(files, (file) => {
    if (!file.path.startsWith('server/src/') || MAY_USE_NETWORK.test(file.path) || isTest(file.path)) return [];
    const modules = file.references
      .filter(({ specifier, kind }) => NETWORK_MODULES.test(specifier) && kind === 'value')
      .map(({ specifier, line }) => ({ what: specifier, line }));
    const calls = file.text.split('\n').flatMap((content, index) => {
      const found = NETWORK_GLOBALS.exec(content);
      return found === null ? [] : [{ what: found[0], line: index + 1 }];
    });
    return [...modules, ...calls];
  }).map(toViolation('network', (what) => `${what}: connect through server/src/outbound, which checks addresses`));
}

/** Tests find the parts of the machine in one place. */
export function testPartsOnlyFromNeeds({ files }: Project): Violation[] {
  const name = /process\.env(\.|\[['"`])WATTKEEPER_TEST_\w*/;
  return each(files, ({ path, text }) =>
    path === TEST_ENVIRONMENT || !isTest(path) || path.startsWith('scripts/')
      ? []
      : text.split('\n').flatMap((content, index) => {
          const found = name.exec(content);
          return found === null ? [] : [{ what: found[0], line: index + 1 }];
        }),
  ).map(toViolation('test parts', (what) => `${what}: use describeWith or part of ${TEST_ENVIRONMENT}`));
}

/** A minute, an hour and a day in milliseconds have one definition. */
export function durationsDefinedOnce({ files }: Project): Violation[] {
  return each(files, ({ path, text }) =>
    path === DURATIONS || path.startsWith('scripts/')
      ? []
      : text.split('\n').flatMap((content, index) => {
          const found = UNIT_OF_TIME.exec(content) ?? LITERAL_DURATION.exec(content);
          return found === null || !/_MS$|^[A-Z]+$/.test(found[1]!) ? [] : [{ what: found[1]!, line: index + 1 }];
        }),
  ).map(toViolation('durations', (what) => `${what}: use the units of ${DURATIONS}`));
}

/** A file's name says what it holds; a feature has service.ts, routes.ts and job.ts, and a folder for a part with its own. */
export function fileNames({ files }: Project): Violation[] {
  return [...files.keys()].flatMap((path) => {
    if (EMPTY_NAMES.test(path)) return [violation(path, 1, 'file names', 'name the file after what it holds')];
    if (!FEATURE_SUFFIXES.test(path)) return [];
    const message = 'a feature has service.ts, routes.ts and job.ts; a part with its own is a folder';
    return [violation(path, 1, 'file names', message)];
  });
}

/** A limit is named MAX_<WHAT>_<UNIT> or MIN_<WHAT>_<UNIT>. */
export function limitNames({ files }: Project): Violation[] {
  return each(files, ({ text }) =>
    text.split('\n').flatMap((content, index) => {
      const found = CONSTANT.exec(content)?.[1];
      return found === undefined || !LIMIT_WORDS.test(found) ? [] : [{ what: found, line: index + 1 }];
    }),
  ).map(toViolation('limit names', (what) => `${what}: name a limit MAX_<WHAT>_<UNIT> or MIN_<WHAT>_<UNIT>`));
}

/** Files and functions are within the length limits; unneeded `exceptions` are violations too. */
export function lengths({ files }: Project, exceptions: readonly Exception[]): Violation[] {
  const unused = new Set(exceptions);
  const isExcepted = (path: string, name?: string) => {
    const found = exceptions.find((one) => one.path === path && one.function === name);
    if (found !== undefined) unused.delete(found);
    return found !== undefined;
  };
  const tooLong = [...files.values()].flatMap((file) => [
    ...(file.lines > MAX_FILE_LINES && !isExcepted(file.path) ? [longFile(file)] : []),
    ...longFunctions(file, (name) => isExcepted(file.path, name)),
  ]);
  const stale = [...unused].map((one) =>
    violation(one.path, 1, 'length', `the exception for ${one.function ?? 'this file'} is not needed: remove it`),
  );
  return [...tooLong, ...stale];
}

function longFile(file: SourceFile): Violation {
  return violation(file.path, MAX_FILE_LINES + 1, 'length', `${file.lines} lines; at most ${MAX_FILE_LINES}`);
}

function longFunctions(file: SourceFile, isExcepted: (name: string) => boolean): Violation[] {
  if (isTest(file.path)) return [];
  return file.functions
    .filter(({ name, lines }) => lines > MAX_FUNCTION_LINES && !isExcepted(name))
    .map(({ name, line, lines }) =>
      violation(file.path, line, 'length', `${name} has ${lines} lines; at most ${MAX_FUNCTION_LINES}`),
    );
}

function each(
  files: Project['files'],
  find: (file: SourceFile) => Finding[],
): { path: string; what: string; line: number }[] {
  return [...files.values()].flatMap((file) => find(file).map((finding) => ({ path: file.path, ...finding })));
}

function toViolation(rule: string, message: (what: string) => string) {
  return (one: { path: string; what: string; line: number }) => violation(one.path, one.line, rule, message(one.what));
}
