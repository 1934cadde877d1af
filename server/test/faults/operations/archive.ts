import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Operation } from '../operation.ts';
import { onService, runJob } from '../processes.ts';
import { fillFolder, HISTORY } from '../readings.ts';

/** Archives whole months to Parquet files during ingest, including some late readings. */
export const archive: Operation = {
  name: 'archive',
  environment: { WATTKEEPER_ARCHIVE__STORE__TYPE: 'local', WATTKEEPER_ARCHIVE__AFTER_DAYS: '31' },
  prepare: (folder) => fillFolder(folder, archive.environment, { ...HISTORY, devices: ['press'], groups: ['load'] }),
  start: (begin) =>
    onService(begin, { late: begin.run % 4 === 3 }, async (service) => {
      await runJob(service, '/storage/archive');
    }),
  check: async ({ folder }, done) => {
    const left = readdirSync(join(folder, 'archive')).filter((name) => name.startsWith('writing-'));
    if (left.length > 0) throw new Error(`${left.join(', ')} was left in the archive's folder`);
    const objects = join(folder, 'archive', 'objects');
    if (done && (!existsSync(objects) || readdirSync(objects).length === 0)) throw new Error('nothing was archived');
  },
};
