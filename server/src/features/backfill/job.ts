import { BackfillRequest } from '@wattkeeper/contract/backfill.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import { backfill } from '../../storage/lifecycle/backfill.ts';
import type { MeteredStore } from '../system/storage-monitor.ts';

/** Fills one store from another; the target goes on taking what comes in meanwhile. */
export function backfillJob(stores: readonly MeteredStore[]): JobDefinition<BackfillRequest> {
  return {
    name: 'backfill',
    title: 'Backfill',
    description: 'Copies the history of one store into another, and reads back what it wrote.',
    schedule: null,
    scope: 'admin',
    params: BackfillRequest,
    key: ({ to }) => to,
    run: async ({ params: { from, to }, signal, progress }) => {
      if (from === to) throw new InvalidInput(`from and to are both "${to}": name two stores`);
      const [source, target] = [find(stores, from), find(stores, to)];
      return backfill({ from: source, to: target, signal, progress: (share) => progress(share, `${from} → ${to}`) });
    },
  };
}

function find(stores: readonly MeteredStore[], name: string) {
  const found = stores.find((store) => store.name === name);
  if (found === undefined) {
    throw new InvalidInput(`there is no store "${name}"; there are ${stores.map((store) => store.name).join(', ')}`);
  }
  const trouble = found.trouble();
  if (trouble) throw new InvalidInput(`store ${name} cannot be used at present: ${trouble.error}`);
  return found.store;
}
