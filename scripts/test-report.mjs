/**
 * The part of Vitest's JSON report that is read.
 *
 * @typedef {object} Report
 * @property {{ name: string, status: string, assertionResults: Assertion[] }[]} testResults
 *
 * @typedef {object} Assertion
 * @property {string} status passed, failed, skipped, pending, todo
 * @property {string[]} ancestorTitles
 *
 * @typedef {import('./parts.mjs').Part} Part
 */

/**
 * Counts tests. A file that fails before its first test (it does not load, or a hook throws) counts as one failure;
 * otherwise it would be missing.
 *
 * @param {Report} report
 */
export function totals(report) {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const count = (/** @type {string} */ status) => tests.filter((test) => test.status === status).length;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return { passed: count('passed'), failed: count('failed') + brokenFiles.length };
}

/**
 * The groups with a missing part in their title, as written by `describeWith` in server/test/needs.ts.
 *
 * @param {Report} report
 * @param {string} partName
 * @returns {string[]} one line per group
 */
export function groupsWithout(report, partName) {
  const mark = `[needs ${partName}]`;
  const titles = report.testResults.flatMap((file) =>
    file.assertionResults.flatMap((test) => test.ancestorTitles.filter((title) => title.endsWith(mark))),
  );
  return [...new Set(titles)].map((title) => title.slice(0, -mark.length).trim());
}

/**
 * A report of the missing parts, as lines.
 *
 * @param {readonly Part[]} missing
 * @param {Report | undefined} report undefined before a run
 */
export function describeMissing(missing, report) {
  return missing.flatMap((part) => {
    const groups = report === undefined ? [] : groupsWithout(report, part.name);
    return [`${part.name}: ${part.is}`, ...groups.map((group) => `  not run: ${group}`), `  enable:  ${part.enable}`];
  });
}
