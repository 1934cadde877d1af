import { BackfillRequest } from '@wattkeeper/contract/storage/backfill.ts';
import { z } from 'zod';
import type { JobDefinition } from '../../jobs/job.ts';
import type { GapFilling } from './gap-filling.ts';

/** Without names: every store that lacks readings is filled. */
const Params = z.union([BackfillRequest, z.strictObject({})]);
type Params = z.infer<typeof Params>;

/** Fills one store from another and its archive on request, and stores that lack readings automatically. */
export function backfillJob(filling: GapFilling): JobDefinition<Params> {
  return {
    name: 'backfill',
    scope: 'admin',
    title: 'Backfill',
    description:
      'Copies the history of one store, archived months included, into another, and reads back what it wrote. Starts automatically when a store lacks readings that another one has.',
    schedule: '*/5 * * * *',
    atStart: true,
    params: Params,
    check: (params) => {
      if ('to' in params) filling.check(params.from, params.to);
    },
    key: (params) => ('to' in params ? params.to : ''),
    enabled: () => filling.fillable().length > 0,
    run: async ({ params, ...work }) => {
      if ('to' in params) return filling.fill(params.from, params.to, work);
      const filled: Record<string, unknown>[] = [];
      for (const { from, to } of filling.fillable()) {
        filled.push({ store: to, from, ...(await filling.fill(from, to, work)) });
      }
      return { filled };
    },
  };
}
