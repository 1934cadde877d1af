import { z } from 'zod';
import { ListQuery, PageQuery, pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { Job } from '../job.ts';
import { Health, QuarantineDecision, QuarantinedValue, StorageMetrics } from '../service.ts';
import { BackfillRequest } from '../storage/backfill.ts';
import { BackupName, KeptBackup, RestoreRequest } from '../storage/backup.ts';
import { MigrationRequest } from '../storage/migration.ts';
import { SetAsideEntry, SetAsideRetry } from '../storage/set-aside.ts';

const BackupParams = z.object({ name: BackupName });
const Decided = z.object({
  decided: z.number().int().meta({ description: 'Number of values that were decided' }),
});
const StoreParams = z.object({
  store: z
    .string()
    .min(1)
    .max(100)
    .meta({ description: 'Name of the store', examples: ['influx'] }),
});

export const archiveMonths = endpoint({
  method: 'POST',
  path: '/storage/archive',
  tag: 'storage',
  summary: 'Archive old months now',
  answers: { 202: Job },
  scope: 'admin',
  audit: 'store.archive',
});

export const acceptGap = endpoint({
  method: 'DELETE',
  path: '/storage/gaps/:store',
  tag: 'storage',
  summary: 'Accept that a store lacks readings, such as readings that no store has any longer',
  params: z.object({ store: z.string().min(1).max(100).meta({ description: 'Name of the store' }) }),
  answers: { 204: z.null() },
  scope: 'admin',
  audit: 'store.accept_gap',
});

export const backfillStore = endpoint({
  method: 'POST',
  path: '/storage/backfills',
  tag: 'storage',
  summary: 'Fill one store from another; continues an earlier backfill',
  body: BackfillRequest,
  answers: { 202: Job },
  scope: 'admin',
  audit: 'store.backfill',
});

export const listBackups = endpoint({
  method: 'GET',
  path: '/storage/backups',
  tag: 'storage',
  summary: 'Backups, newest first',
  query: ListQuery,
  answers: { 200: pageOf(KeptBackup) },
  scope: 'read',
});

export const makeBackup = endpoint({
  method: 'POST',
  path: '/storage/backups',
  tag: 'storage',
  summary: 'Create a backup now',
  answers: { 202: Job },
  scope: 'admin',
  audit: 'backup.make',
});

export const verifyBackup = endpoint({
  method: 'POST',
  path: '/storage/backups/:name/verify',
  tag: 'storage',
  summary: 'Verify a backup by restoring it into a temporary folder',
  params: BackupParams,
  answers: { 202: Job },
  scope: 'admin',
});

export const restoreBackup = endpoint({
  method: 'POST',
  path: '/storage/backups/:name/restore',
  tag: 'storage',
  summary: 'Restore a backup; it takes effect at the next start, and the present data is retained',
  params: BackupParams,
  body: RestoreRequest.nullish(),
  answers: { 202: Job },
  scope: 'admin',
  audit: 'backup.restore',
});

export const migrate = endpoint({
  method: 'POST',
  path: '/storage/migrations',
  tag: 'storage',
  summary: 'Migrate older data, or preview a migration; the result is a MigrationReport',
  body: MigrationRequest,
  answers: { 202: Job },
  scope: 'admin',
  audit: 'store.migrate',
});

export const getStorageHealth = endpoint({
  method: 'GET',
  path: '/storage/health',
  tag: 'storage',
  summary: 'State of the stores',
  answers: { 200: Health },
  scope: 'read',
});

export const getStorageMetrics = endpoint({
  method: 'GET',
  path: '/storage/metrics',
  tag: 'storage',
  summary: 'Sizes, rates and durations',
  answers: { 200: StorageMetrics },
  scope: 'read',
});

export const listQuarantine = endpoint({
  method: 'GET',
  path: '/storage/quarantine',
  tag: 'storage',
  summary: 'Implausible values awaiting a decision, newest first',
  query: PageQuery,
  answers: { 200: pageOf(QuarantinedValue) },
  scope: 'read',
});

export const decideQuarantine = endpoint({
  method: 'POST',
  path: '/storage/quarantine/decide',
  tag: 'storage',
  summary: 'Accept or discard quarantined values',
  body: QuarantineDecision,
  answers: { 200: Decided },
  scope: 'write',
  audit: 'quarantine.decide',
});

export const listSetAside = endpoint({
  method: 'GET',
  path: '/storage/set-aside',
  tag: 'storage',
  summary: 'Values that a store permanently rejects, oldest first',
  query: PageQuery,
  answers: { 200: pageOf(SetAsideEntry) },
  scope: 'read',
});

export const retrySetAside = endpoint({
  method: 'POST',
  path: '/storage/set-aside/:store/retry',
  tag: 'storage',
  summary: 'Retry the set-aside values of a store; stops after 20 s, and may be called again',
  params: StoreParams,
  answers: { 200: SetAsideRetry },
  scope: 'admin',
  audit: 'set_aside.retry',
});

export const discardSetAside = endpoint({
  method: 'DELETE',
  path: '/storage/set-aside/:store',
  tag: 'storage',
  summary: 'Discard the set-aside values of a store',
  params: StoreParams,
  answers: { 204: z.null() },
  scope: 'admin',
  audit: 'set_aside.discard',
});
