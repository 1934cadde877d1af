import { ImportJobParams } from '@wattkeeper/contract/import.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import type { ImportingService } from './service.ts';

/** Imports uploaded files. */
export function importJob(importing: ImportingService): JobDefinition<ImportJobParams> {
  return {
    name: 'import',
    scope: 'write',
    title: 'Import',
    description:
      'Imports an uploaded file, or reads it in a dry run; the result names the site, the devices and the range.',
    schedule: null,
    params: ImportJobParams,
    check: (params) => importing.check(params),
    key: ({ upload_id: id }) => id,
    run: ({ params, ...work }) => importing.run(params, work),
  };
}
