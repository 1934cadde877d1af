import { ListQuery, pageOf } from '@wattkeeper/contract/common.ts';
import { Job } from '@wattkeeper/contract/job.ts';
import { BackupName, KeptBackup, RestoreRequest } from '@wattkeeper/contract/storage/backup.ts';
import { z } from 'zod';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { BackupService } from './service.ts';

export interface BackupRoutesOptions {
  readonly backups: BackupService;
  readonly scheduler: Scheduler;
}

/** `/storage/backups`, `/storage/backups/{name}/verify`, `/storage/backups/{name}/restore`. */
export function backupRoutes(api: Api, { backups, scheduler }: BackupRoutesOptions): void {
  const schema = { tags: ['storage'] };
  const params = z.object({ name: BackupName });
  api.get(
    '/storage/backups',
    {
      schema: {
        ...schema,
        summary: 'Backups, newest first',
        querystring: ListQuery,
        response: { 200: pageOf(KeptBackup) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => pageOfList(await backups.list(), query, ({ name }) => name),
  );
  api.post(
    '/storage/backups',
    {
      schema: { ...schema, summary: 'Make a backup now', response: { 202: Job } },
      config: { scope: 'admin', audit: 'backup.make' },
    },
    async (request, reply) => reply.status(202).send(toJob(await scheduler.run('backup', callerOf(request)))),
  );
  api.post(
    '/storage/backups/:name/verify',
    {
      schema: {
        ...schema,
        summary: 'Restore a backup into a scratch folder and compare',
        params,
        response: { 202: Job },
      },
      config: { scope: 'admin' },
    },
    async (request, reply) => {
      const run = await scheduler.run('backup-verification', callerOf(request), request.params);
      return reply.status(202).send(toJob(run));
    },
  );
  api.post(
    '/storage/backups/:name/restore',
    {
      schema: {
        ...schema,
        summary: 'Bring a backup back; it takes effect at the next start, and what is there now is kept beside it',
        params,
        body: RestoreRequest.nullish(),
        response: { 202: Job },
      },
      config: { scope: 'admin', audit: 'backup.restore' },
    },
    async (request, reply) => {
      const { name } = request.params;
      const run = await scheduler.run('restore', callerOf(request), { name, ...request.body });
      return reply.status(202).send(toJob(run));
    },
  );
}
