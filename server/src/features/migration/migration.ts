import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { MigrationReport, MigrationRequest } from '@wattkeeper/contract/storage/migration.ts';
import { Conflict } from '../../domain/errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { MigrationSource, MigrationTarget, Outcome, Validation } from './migration-ports.ts';

export interface MigrationOptions<T> {
  readonly request: MigrationRequest;
  readonly source: MigrationSource<T>;
  readonly target: MigrationTarget<T>;
  /** Backs up what is there; null when there is nothing yet. */
  readonly backUp: () => Promise<string | null>;
}

/** Items that are compared and written at once. */
const ITEMS_AT_ONCE = 20_000;
/** Places that a report names, of each kind. */
const MAX_PLACES = 1000;

type Work = Pick<JobContext, 'signal' | 'progress'>;

/**
 * Moves what a source holds: looks through all of it, backs up, copies what is not there yet, and reads back what was written. Every item is
 * accounted for: what the second look does not find any more is missing too.
 */
export async function migrate<T>(options: MigrationOptions<T>, work: Work): Promise<MigrationReport> {
  const { request, source, target, backUp } = options;
  const account = new Account();
  if (request.dry_run) {
    await copy(source, target, account, work, 'comparing');
    return report(options, account, { backup: null, validation: null });
  }
  const seen = await lookThrough(source, work);
  const backup = request.backup && seen > 0 ? await backUp() : null;
  await copy(source, target, account, work, 'copying');
  const found = account.found;
  if (found < seen) account.miss(request.from, `${seen - found} of ${seen} were gone at the second look`, seen - found);
  work.progress(null, 'validating');
  const validation = await target.validate(
    () => source.read(work.signal),
    (where, reason) => account.lose(where, reason),
    work.signal,
  );
  return report(options, account, { backup, validation });
}

/** The dry run that comes before every copy: how many items there are. */
async function lookThrough<T>(source: MigrationSource<T>, { signal, progress }: Work): Promise<number> {
  let seen = 0;
  for await (const found of source.read(signal)) {
    signal.throwIfAborted();
    seen += found.length;
    progress(source.share(), `looking through: ${seen}`);
  }
  return seen;
}

async function copy<T>(
  source: MigrationSource<T>,
  target: MigrationTarget<T>,
  account: Account,
  { signal, progress }: Work,
  what: string,
): Promise<void> {
  let waiting: { where: string; item: T }[] = [];
  const flush = async () => {
    const outcomes = await target.take(waiting.map(({ item }) => item));
    for (const [i, outcome] of outcomes.entries()) account.add(outcome, waiting[i]?.where ?? '');
    waiting = [];
    progress(source.share(), `${what}: ${account.found}`);
  };
  for await (const found of source.read(signal)) {
    signal.throwIfAborted();
    for (const one of found) {
      if ('unreadable' in one) account.refuse(one.where, one.unreadable);
      else waiting.push(one);
      if (waiting.length === ITEMS_AT_ONCE) await flush();
    }
  }
  if (waiting.length > 0) await flush();
}

/** What became of every item. */
class Account {
  readonly counts = { migrated: 0, already_there: 0, unreadable: 0, missing: 0 };
  readonly unreadable: { where: string; reason: string }[] = [];
  readonly missing: { where: string; reason: string }[] = [];

  get found(): number {
    const { migrated, already_there: there, unreadable, missing } = this.counts;
    return migrated + there + unreadable + missing;
  }

  add(outcome: Outcome, where: string): void {
    if (outcome === 'missing') this.miss(where, 'holds an implausible value, and the quarantine has no room for it', 1);
    else this.counts[outcome]++;
  }

  refuse(where: string, reason: string): void {
    this.counts.unreadable++;
    if (this.unreadable.length < MAX_PLACES) this.unreadable.push({ where, reason });
  }

  miss(where: string, reason: string, count: number): void {
    this.counts.missing += count;
    if (this.missing.length < MAX_PLACES) this.missing.push({ where, reason });
  }

  /** An item that was thought to be there is not. */
  lose(where: string, reason: string): void {
    const from = this.counts.migrated > 0 ? 'migrated' : 'already_there';
    if (this.counts[from] === 0) throw new Conflict(`${where} is missing, but was never found: ${reason}`);
    this.counts[from]--;
    this.miss(where, reason, 1);
  }
}

function report<T>(
  { request, source, target }: MigrationOptions<T>,
  account: Account,
  outcome: { backup: string | null; validation: Validation | null },
): MigrationReport {
  const { migrated, ...counts } = account.counts;
  const { values, series } = target.figures();
  const dry = request.dry_run;
  return {
    source: request.source,
    from: request.from,
    dry_run: dry,
    found: account.found,
    migrated: dry ? 0 : migrated,
    to_migrate: dry ? migrated : 0,
    ...counts,
    unreadable_items: account.unreadable,
    missing_items: account.missing,
    values,
    series: series.map(({ first, last, ...rest }) => ({
      ...rest,
      first: formatInstant(first),
      last: formatInstant(last),
    })),
    ...outcome,
    notes: [...source.notes()],
    mapping: source.mapping(),
  };
}
