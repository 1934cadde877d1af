import { MigrationRequest } from '@wattkeeper/contract/storage/migration.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import type { MigrationService } from './service.ts';

/** Brings older data in. */
export function migrationJob(migrations: MigrationService): JobDefinition<MigrationRequest> {
  return {
    name: 'migration',
    scope: 'admin',
    title: 'Migration',
    description: 'Brings older data in: backs up, copies what is not there yet, and reads back what it wrote.',
    schedule: null,
    params: MigrationRequest,
    check: (params) => migrations.check(params),
    run: ({ params, ...work }) => migrations.migrate(params, work),
  };
}
