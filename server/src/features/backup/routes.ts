import { listBackups, makeBackup, restoreBackup, verifyBackup } from '@wattkeeper/contract/endpoints/storage.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { BackupService } from './service.ts';

export interface BackupRoutesOptions {
  readonly backups: BackupService;
  readonly scheduler: Scheduler;
}

/** `/storage/backups`, `/storage/backups/{name}/verify`, `/storage/backups/{name}/restore`. */
export function backupRoutes(api: Api, { backups, scheduler }: BackupRoutesOptions): void {
  serve(api, listBackups, async ({ query }) => pageOfList(await backups.list(), query, ({ name }) => name));
  serve(api, makeBackup, async (request) => toJob(await scheduler.run('backup', callerOf(request))));
  serve(api, verifyBackup, async (request) => {
    const run = await scheduler.run('backup-verification', callerOf(request), request.params);
    return toJob(run);
  });
  serve(api, restoreBackup, async (request) => {
    const { name } = request.params;
    const run = await scheduler.run('restore', callerOf(request), { name, ...request.body });
    return toJob(run);
  });
}
