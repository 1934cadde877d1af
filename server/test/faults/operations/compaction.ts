import { readdirSync } from 'node:fs';
import type { Operation } from '../operation.ts';
import { onService, runJob } from '../processes.ts';
import { fillFolder } from '../readings.ts';

/** Compacts closed days and rewrites the file during ingest, including some late readings. */
export const compaction: Operation = {
  name: 'compaction',
  environment: {},
  prepare: (folder) => fillFolder(folder, compaction.environment),
  start: (begin) =>
    onService(begin, { late: begin.run % 3 === 0 }, async (service) => {
      await runJob(service, '/scheduler/jobs/day-compaction/run');
    }),
  check: async ({ folder }) => {
    const copies = readdirSync(folder).filter((name) => name.startsWith('telemetry.duckdb.copy'));
    if (copies.length > 0) throw new Error(`${copies.join(', ')} was left in the data folder`);
  },
};
