import { BackfillRequest } from '@wattkeeper/contract/backfill.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import type { StoreTrouble } from '../../storage/layers/supervised-store.ts';
import { type BackfillOptions, type BackfillSource, backfill } from '../../storage/lifecycle/backfill.ts';

/** A store that can be filled, or that another one is filled from. */
export interface BackfillEnd {
  readonly name: string;
  /** Why it is not in use, or null. */
  readonly trouble: () => StoreTrouble | null;
  /** With its archive, where it has one. */
  readonly store: BackfillSource & BackfillOptions['to'];
}

/** Fills one store from another and its archive; the target goes on taking what comes in meanwhile. */
export function backfillJob(stores: readonly BackfillEnd[]): JobDefinition<BackfillRequest> {
  return {
    name: 'backfill',
    scope: 'admin',
    title: 'Backfill',
    description:
      'Copies the history of one store, archived months included, into another, and reads back what it wrote.',
    schedule: null,
    params: BackfillRequest,
    key: ({ to }) => to,
    run: async ({ params: { from, to }, signal, progress }) => {
      if (from === to) throw new InvalidInput(`from and to are both "${to}": name two stores`);
      const [source, target] = [find(stores, from), find(stores, to)];
      const note = (share: number, name: string) => progress(share, `${from} → ${to}${name && `: ${name}`}`);
      return backfill({ from: source, to: target, signal, progress: note });
    },
  };
}

function find(stores: readonly BackfillEnd[], name: string) {
  const found = stores.find((store) => store.name === name);
  if (found === undefined) {
    throw new InvalidInput(`there is no store "${name}"; there are ${stores.map((store) => store.name).join(', ')}`);
  }
  const trouble = found.trouble();
  if (trouble) throw new InvalidInput(`store ${name} cannot be used at present: ${trouble.error}`);
  return found.store;
}
