import { join } from 'node:path';
import { Role, SCOPES_OF_ROLE, Scope } from '@wattkeeper/contract/access/auth.ts';
import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { createJobs } from '../../src/assembly/jobs.ts';
import { openPipeline } from '../../src/assembly/pipeline.ts';
import { createServices } from '../../src/assembly/services.ts';
import { Config } from '../../src/config/schema.ts';
import { Forbidden } from '../../src/domain/errors.ts';
import type { Rights } from '../../src/domain/rights.ts';
import type { JobDefinition } from '../../src/jobs/job.ts';
import { ModelPool } from '../../src/jobs/model-pool.ts';
import { Scheduler } from '../../src/jobs/scheduler.ts';
import { temporaryFolder } from '../journeys/service.ts';
import { temporaryRecords } from '../records/temporary-records.ts';

/** Every job of the service. A new one has to be added, with the scope of its feature's endpoints. */
const SCOPE_OF_JOB: Readonly<Record<string, Scope>> = {
  'anomaly-detection': 'write',
  archive: 'admin',
  backfill: 'admin',
  backup: 'admin',
  'backup-verification': 'admin',
  'baseline-retraining': 'write',
  'baseline-training': 'write',
  'charging-sessions': 'write',
  'clean-up': 'admin',
  'data-quality': 'write',
  'day-compaction': 'write',
  'device-removal': 'admin',
  import: 'write',
  'disk-watch': 'write',
  'forecast-backtest': 'write',
  'forecast-refresh': 'write',
  'journal-copies': 'admin',
  migration: 'admin',
  reports: 'write',
  restore: 'admin',
  rollups: 'admin',
  scrub: 'write',
};

/** Parameters of the jobs that require some. */
const PARAMETERS: Readonly<Record<string, object>> = {
  backfill: { from: 'a', to: 'b' },
  'baseline-training': {
    machine_id: 'Press',
    start_date: '2026-01-01T00:00:00Z',
    end_date: '2026-02-01T00:00:00Z',
    drivers: ['outdoor_temp_c'],
  },
  import: { mapping: 'name: x', upload_id: '0199d5a0-0000-7000-8000-000000000000' },
  migration: { source: 'records', from: 'records' },
  restore: { name: 'wattkeeper-2026-11-21T020000.000Z.backup' },
};

const CALLERS: readonly Rights[] = [
  { name: 'nobody', scopes: [] },
  ...Scope.options.map((scope) => ({ name: `token:${scope}`, scopes: [scope] })),
  ...Role.options.map((role) => ({ name: role, scopes: SCOPES_OF_ROLE[role] })),
];
const ADMIN: Rights = { name: 'owner', scopes: SCOPES_OF_ROLE.admin };

/** Every job definition of the service, on a configuration with all of them. */
async function definitions(): Promise<JobDefinition[]> {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const config = Config.parse({
    data_dir: folder.path,
    archive: { store: { type: 'local', folder: join(folder.path, 'archived') } },
    backup: { copy_to: { type: 'local', folder: join(folder.path, 'copies') } },
    demo: { enabled: false },
  });
  const now = Date.now;
  const log = pino({ level: 'silent' });
  const pipeline = await openPipeline({ config, log, now, withoutStores: false });
  const models = new ModelPool();
  onTestFinished(async () => {
    await models.close();
    await pipeline.close(0);
  });
  const recovery = { warnings: () => [] };
  const schedulerState = () => 'stopped' as const;
  const parts = { pipeline, models, config, log, now, startedAt: now(), recovery, schedulerState };
  return createJobs(pipeline, await createServices(parts), config, now);
}

it('starts and cancels every job only with the scope of its feature', async () => {
  const jobs = await definitions();
  expect(Object.fromEntries(jobs.map(({ name, scope }) => [name, scope]))).toEqual(SCOPE_OF_JOB);
  const records = await temporaryRecords();
  const untilCancelled: JobDefinition['run'] = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const scheduler = new Scheduler(
    // The parameters name things that do not exist here, which does not matter.
    jobs.map((job) => ({ ...job, check: () => {}, run: untilCancelled })),
    { runs: records.jobRuns, timeZone: async () => 'UTC', now: Date.now, onChange: () => {}, onError: () => {} },
  );
  await scheduler.start();
  onTestFinished(() => scheduler.close());
  for (const { name, scope } of jobs) {
    for (const caller of CALLERS) {
      const start = (by: Rights) => scheduler.run(name, by, PARAMETERS[name]);
      if (!caller.scopes.includes(scope)) {
        await expect(start(caller), `${caller.name} starts ${name}`).rejects.toThrow(Forbidden);
        expect(scheduler.runs(), `${caller.name} starts ${name}`).toEqual([]);
        const { id } = await start(ADMIN);
        expect(() => scheduler.cancel(id, caller), `${caller.name} cancels ${name}`).toThrow(Forbidden);
        expect(scheduler.runs().map((run) => run.id)).toEqual([id]);
        expect(scheduler.cancel(id, ADMIN)).toBe(true);
      } else {
        const { id } = await start(caller);
        expect(scheduler.cancel(id, caller), `${caller.name} cancels ${name}`).toBe(true);
      }
      await scheduler.idle();
    }
  }
});
