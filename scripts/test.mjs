import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentOf, findParts } from './parts.mjs';
import { fail, nodePath, root, run, SetupError, say, setUp } from './setup.mjs';
import { isMissing } from './source-hash.mjs';
import { describeMissing, totals } from './test-report.mjs';

const RULE = '='.repeat(100);

await main(process.argv.slice(2)).catch(fail);

/** @param {readonly string[]} args arguments for Vitest */
async function main(args) {
  const parts = findParts(root, process.env);
  const missing = parts.filter((part) => part.path === undefined);
  if (process.env.WATTKEEPER_TEST_REQUIRE_ALL === '1') refuseWithout(missing.filter((part) => part.required));
  await setUp({ tools: true, web: true });

  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-test-'));
  try {
    const file = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const vitest = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...reporters, ...args];
    process.exitCode = await run(nodePath(), vitest, { env: environmentOf(parts) });
    conclude(missing, readReport(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {import('./parts.mjs').Part[]} missing */
function refuseWithout(missing) {
  if (missing.length === 0) return;
  throw new SetupError(
    ['WATTKEEPER_TEST_REQUIRE_ALL=1, and these are missing:', ...describeMissing(missing, undefined)].join('\n'),
  );
}

/**
 * Prints the skipped groups and then the totals, so that a run without tests does not look successful.
 *
 * @param {import('./parts.mjs').Part[]} missing
 * @param {import('./test-report.mjs').Report | undefined} report
 */
function conclude(missing, report) {
  if (report === undefined) {
    say('the test run ended without a report; see above for the reason');
    process.exitCode ||= 1;
  }
  if (missing.length > 0) {
    const heading = 'NOT EVERYTHING COULD RUN. Missing on this machine:';
    process.stdout.write(`\n${[RULE, heading, '', ...describeMissing(missing, report), RULE].join('\n')}\n`);
  }
  const { passed, failed } = report === undefined ? { passed: 0, failed: 1 } : totals(report);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
}

/** @param {string} file */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
