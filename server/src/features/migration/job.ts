import { MigrationRequest } from '@wattkeeper/contract/storage/migration.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import type { MigrationService } from './service.ts';

/** Imports older data. */
export function migrationJob(migrations: MigrationService): JobDefinition<MigrationRequest> {
  return {
    name: 'migration',
    scope: 'admin',
    title: 'Migration',
    description:
      'Imports older data: makes a backup, copies data that does not exist yet, and verifies it by reading it back.',
    schedule: null,
    params: MigrationRequest,
    check: (params) => migrations.check(params),
    run: ({ params, ...work }) => migrations.migrate(params, work),
  };
}
