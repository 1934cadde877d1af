import type { JobDefinition } from '../../jobs/job.ts';
import type { SqlGrowth } from './sql-growth.ts';
import type { SqlTerms } from './sql-terms.ts';

/** Null without a PostgreSQL store. */
export function sqlTermsJob(terms: SqlTerms, growth: SqlGrowth): JobDefinition | null {
  if (!terms.isNeeded) return null;
  return {
    name: 'sql-terms',
    scope: 'admin',
    title: 'Key figure terms for SQL',
    description:
      'Copies tariffs and emission factors of machines, and the growth of their counters, to PostgreSQL for the SQL functions of key figures.',
    schedule: '*/5 * * * *',
    atStart: true,
    run: async ({ signal }) => ({ machines: await terms.sync(), counters: await growth.sync(signal) }),
  };
}
