import { describe, it } from 'vitest';
import definitions from '../../scripts/test-parts.json' with { type: 'json' };

/** A real engine, program or data folder that some tests need and that a machine may lack. */
export type PartName = keyof typeof definitions;

/**
 * A group of tests that needs a part; `run` gets the part's path. Without the part the group is skipped, and `npm test`
 * lists it at the end with the command that enables it; with WATTKEEPER_TEST_REQUIRE_ALL=1 a missing program fails.
 *
 * @example describeWith('INFLUXD', 'migration from InfluxDB', (influxd) => { it('moves every point', …) })
 */
export function describeWith(name: PartName, title: string, run: (path: string) => void): void {
  const path = find(name);
  describe.skipIf(path === undefined && !isRequired(name))(`${title} [needs ${name}]`, () => {
    if (path !== undefined) run(path);
    else {
      it('has what it needs', () => {
        throw new Error(missing(name));
      });
    }
  });
}

/** Path of a part for code that only runs inside `describeWith` of the same part; an error says how to get it. */
export function part(name: PartName): string {
  const path = find(name);
  if (path === undefined) throw new Error(missing(name));
  return path;
}

function find(name: PartName): string | undefined {
  return process.env[variableOf(name)] || undefined;
}

function missing(name: PartName): string {
  const { is, enable } = definitions[name];
  return `${variableOf(name)} is not set: these tests need ${is}. To enable them: ${enable}; then run npm test`;
}

function variableOf(name: PartName): string {
  return `WATTKEEPER_TEST_${name}`;
}

/** Seed that all property tests share; undefined: each run has another. */
export function propertySeed(): number | undefined {
  const seed = process.env.WATTKEEPER_TEST_SEED;
  return seed ? Number(seed) : undefined;
}

/** Data cannot be installed, and some programs few machines can bring: their absence is never a failure. */
function isRequired(name: PartName): boolean {
  const definition = definitions[name];
  return process.env.WATTKEEPER_TEST_REQUIRE_ALL === '1' && 'programs' in definition && !('optional' in definition);
}
