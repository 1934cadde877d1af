import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { MigrationReport, MigrationRequest } from '@wattkeeper/contract/storage/migration.ts';
import { Conflict } from '../../domain/errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { MigrationSource, MigrationTarget, Outcome, Validation } from './migration-ports.ts';

export interface MigrationOptions<T> {
  readonly request: MigrationRequest;
  readonly source: MigrationSource<T>;
  readonly target: MigrationTarget<T>;
  /** Backs up the current data; null if there is none yet. */
  readonly backUp: () => Promise<string | null>;
}

/** Number of items compared and written at once. */
const ITEMS_AT_ONCE = 20_000;
/** Maximum number of places in a report, of each kind. */
const MAX_PLACES = 1000;

type Work = Pick<JobContext, 'signal' | 'progress'>;

/**
 * Copies the data of a source: reads all of it, makes a backup, copies data that does not exist yet, and reads back the written data. Every
 * item is accounted for: items that the second pass does not find any more are missing too.
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
  if (found < seen)
    account.miss(request.from, `${seen - found} of ${seen} were not found in the second pass`, seen - found);
  work.progress(null, 'validating');
  const validation = await target.validate(
    () => source.read(work.signal),
    (where, reason) => account.lose(where, reason),
    work.signal,
  );
  return report(options, account, { backup, validation });
}

/** The dry run before every copy: the number of items. */
async function lookThrough<T>(source: MigrationSource<T>, { signal, progress }: Work): Promise<number> {
  let seen = 0;
  for await (const found of source.read(signal)) {
    signal.throwIfAborted();
    seen += found.length;
    progress(source.share(), `reading: ${seen}`);
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

/** Outcomes of all items. */
class Account {
  readonly counts = { migrated: 0, already_there: 0, unreadable: 0, missing: 0 };
  readonly unreadable: { where: string; reason: string }[] = [];
  readonly missing: { where: string; reason: string }[] = [];

  get found(): number {
    const { migrated, already_there: there, unreadable, missing } = this.counts;
    return migrated + there + unreadable + missing;
  }

  add(outcome: Outcome, where: string): void {
    if (outcome === 'missing') this.miss(where, 'contains an implausible value, and the quarantine is full', 1);
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

  /** Corrects the outcome of an item that turned out to be missing. */
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
    series: series.map(({ first, last, ...fields }) => ({
      ...fields,
      first: formatInstant(first),
      last: formatInstant(last),
    })),
    ...outcome,
    notes: [...source.notes()],
    mapping: source.mapping(),
  };
}
