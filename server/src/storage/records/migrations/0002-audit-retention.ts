import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from './engine.ts';

/** The database itself protects entries for this long: 30 days. */
const MIN_AGE_MS = 30 * UTC_DAY_MS;

/** Allows the removal of old audit entries. Changes, and the removal of recent entries, remain forbidden. */
export function auditRetention(engine: Engine): Migration {
  return {
    up: async (db: Kysely<unknown>) => {
      for (const statement of engine === 'sqlite' ? SQLITE : POSTGRES) await sql.raw(statement).execute(db);
    },
  };
}

const REFUSAL = 'the audit log is append-only: entries of the last 30 days stay';

const SQLITE = [
  'drop trigger audit_log_no_delete',
  `create trigger audit_log_no_delete before delete on audit_log
    when old.at > unixepoch() * 1000 - ${MIN_AGE_MS}
    begin select raise(abort, '${REFUSAL}'); end`,
];

const POSTGRES = [
  'drop trigger audit_log_append_only on audit_log',
  `create trigger audit_log_append_only before update or truncate on audit_log
    for each statement execute function refuse_audit_change()`,
  `create function refuse_early_audit_removal() returns trigger language plpgsql as
    $$ begin
      if old.at > extract(epoch from now()) * 1000 - ${MIN_AGE_MS} then raise exception '${REFUSAL}'; end if;
      return old;
    end $$`,
  `create trigger audit_log_no_early_removal before delete on audit_log
    for each row execute function refuse_early_audit_removal()`,
];
