import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { Config } from '../../src/config/schema.ts';
import { cleanUpJob } from '../../src/features/system/job.ts';
import { type NewPlace, rawDatabase, recordsIn } from './temporary-records.ts';

const TODAY = Date.now();

export function auditRetentionPromises(newPlace: NewPlace): void {
  async function logOf(...daysAgo: readonly number[]) {
    const place = await newPlace();
    let now = TODAY;
    const records = await recordsIn(place, { now: () => now });
    for (const days of daysAgo) {
      now = TODAY - days * UTC_DAY_MS;
      await records.auditLog.append({ actor: 'owner', action: `${days} days ago` });
    }
    now = TODAY;
    const actions = async () => (await records.auditLog.page({ limit: 100 })).items.map(({ action }) => action);
    return { place, records, actions };
  }

  describe('the audit log', () => {
    it('deletes entries after two years, and records the deletion', async () => {
      const { records, actions } = await logOf(800, 732, 730, 1);
      const auditKeptMs = Config.parse({}).auth.audit_retention_days * UTC_DAY_MS;
      const job = cleanUpJob({ jobRuns: records.jobRuns, auditLog: records.auditLog, auditKeptMs, now: () => TODAY });
      const context = { params: undefined, by: null, signal: AbortSignal.timeout(10_000), progress: () => {} };
      expect(await job.run(context)).toMatchObject({ audit_entries: 2 });
      expect(await actions()).toEqual(['audit.prune', '1 days ago', '730 days ago']);
      expect((await records.auditLog.page({ limit: 1 })).items).toMatchObject([
        { actor: 'system', detail: expect.stringMatching(/^2 entries before 20/) },
      ]);
      expect(await job.run(context)).toMatchObject({ audit_entries: 0 });
      expect(await actions()).toHaveLength(3);
    });

    it('never deletes entries of the last thirty days', async () => {
      const { place, records, actions } = await logOf(40, 29);
      await expect(records.auditLog.prune(TODAY)).rejects.toThrow('append-only');
      const db = rawDatabase(place);
      await expect(sql`delete from audit_log`.execute(db)).rejects.toThrow('append-only');
      await expect(sql`update audit_log set actor = 'nobody'`.execute(db)).rejects.toThrow('append-only');
      expect(await actions()).toEqual(['29 days ago', '40 days ago']);
    });
  });
}
