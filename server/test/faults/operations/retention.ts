import { withFolder } from '../contents.ts';
import type { Operation } from '../operation.ts';
import { onService, runJob } from '../processes.ts';
import { fillFolder, HISTORY } from '../readings.ts';

/** Rolls up and deletes old readings of a group: every hour has the same result, from raw samples or from rollups. */
export const retention: Operation = {
  name: 'retention',
  environment: { WATTKEEPER_RETENTION__GROUPS__MACHINE: '14', WATTKEEPER_RETENTION__DELETE: 'always' },
  prepare: (folder) => fillFolder(folder, retention.environment, { ...HISTORY, days: 40, devices: ['press'] }),
  start: (begin) =>
    onService(begin, { late: false }, async (service) => {
      await runJob(service, '/scheduler/jobs/rollups/run');
    }),
  check: async ({ folder, environment }, done) => {
    if (!done) return;
    const rawFrom = await withFolder(folder, environment, async ({ queries }) => queries.rawFrom('machine'));
    if (!Number.isFinite(rawFrom)) throw new Error('nothing was deleted');
  },
};
