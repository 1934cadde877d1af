import { createHash } from 'node:crypto';
import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';

/** The error of one statement, with InfluxDB's message. */
export class StatementFailed extends Error {}

/** A retention policy, as InfluxDB 1.x describes it. */
export interface RetentionPolicy {
  /** 0: readings are stored without a time limit. */
  readonly durationMs: number;
  readonly shardMs: number;
  readonly replicas: number;
}

/** The fields of a policy that a statement sets; others stay unchanged or have InfluxDB's defaults. */
export interface PolicyChange {
  readonly durationMs?: number;
  readonly shardMs?: number;
  readonly replicas?: number;
  readonly isDefault?: boolean;
}

interface Database {
  readonly policies: Map<string, RetentionPolicy>;
  defaultPolicy: string | null;
}

/** Default names of the database and the policy, for clients that name none. */
export const DEFAULT_DATABASE = 'wattkeeper';
const DEFAULT_POLICY = 'autogen';
/** Maximum numbers of stored databases and buckets, and of policies of each; beyond them the oldest are removed. */
export const MAX_DATABASES = 100;
export const MAX_POLICIES = 100;

/**
 * The databases, buckets and retention policies that clients created since the service started. They have no effect: readings of all databases are stored
 * together, for as long as `retention` specifies. They are remembered because clients check that a database exists before they write to it.
 * Errors are `StatementFailed` with InfluxDB's messages.
 */
export class InfluxDatabases {
  readonly #databases = new Map<string, Database>();

  /** Names of the created databases and of the requested one; never empty. */
  names(asked?: string): string[] {
    const names = new Set([...(asked ? [asked] : []), ...this.#databases.keys()]);
    return names.size === 0 ? [DEFAULT_DATABASE] : [...names];
  }

  has(name: string): boolean {
    return this.#databases.has(name);
  }

  /** Creates a database. An existing one stays unchanged and must have the requested policy. */
  create(name: string, policy: string | null, change: PolicyChange): void {
    const known = this.#databases.get(name);
    if (known === undefined) {
      this.#open(name, policy ?? DEFAULT_POLICY, policyOf(change));
      return;
    }
    if (policy === null && Object.keys(change).length === 0) return;
    checkDuration(change.durationMs ?? 0);
    const asked = policy ?? DEFAULT_POLICY;
    if (!matches(known.policies.get(asked), change) || known.defaultPolicy !== asked)
      throw new StatementFailed('retention policy conflicts with an existing policy');
  }

  createPolicy(database: string, name: string, change: PolicyChange): void {
    if (name === '') throw new StatementFailed('invalid name');
    const { policies } = this.#require(database);
    const policy = policyOf(change);
    const existing = policies.get(name);
    if (existing !== undefined && !isSame(existing, policy))
      throw new StatementFailed('retention policy already exists');
    policies.set(name, policy);
    trim(policies, MAX_POLICIES);
    if (change.isDefault) this.#require(database).defaultPolicy = name;
  }

  alterPolicy(database: string, name: string, change: PolicyChange): void {
    const known = this.#require(database);
    const existing = known.policies.get(name);
    if (existing === undefined) throw new StatementFailed(`retention policy not found: ${name}`);
    known.policies.set(name, checked({ ...existing, ...withShards(change) }));
    if (change.isDefault) known.defaultPolicy = name;
  }

  /** Rows of `SHOW RETENTION POLICIES`: name, duration, shard duration, number of replicas, whether it is the default policy. */
  policies(database: string): [string, string, string, number, boolean][] {
    const { policies, defaultPolicy } = this.#require(database);
    return [...policies].map(([name, { durationMs, shardMs, replicas }]) => [
      name,
      goDuration(durationMs),
      goDuration(shardMs),
      replicas,
      name === defaultPolicy,
    ]);
  }

  /** Every database exists: readings are accepted for any name. */
  #require(name: string): Database {
    return this.#databases.get(name) ?? this.#open(name, DEFAULT_POLICY, policyOf({}));
  }

  #open(name: string, policy: string, spec: RetentionPolicy): Database {
    if (name === '' || policy === '') throw new StatementFailed('invalid name');
    const database = { policies: new Map([[policy, spec]]), defaultPolicy: policy };
    this.#databases.set(name, database);
    trim(this.#databases, MAX_DATABASES);
    return database;
  }
}

/** An id in the format of InfluxDB 2.x for a bucket or an organization: 16 hexadecimal digits, always the same for a name. */
export function influxId(kind: 'bucket' | 'org', name: string): string {
  return createHash('sha256').update(`${kind} ${name}`).digest('hex').slice(0, 16);
}

function policyOf(change: PolicyChange): RetentionPolicy {
  const { durationMs = 0, replicas = 1, shardMs } = change;
  return checked({ durationMs, replicas, shardMs: normalShard(shardMs ?? 0, durationMs) });
}

/** Converts a change to fields of a policy. */
function withShards({ durationMs, shardMs, replicas }: PolicyChange): Partial<RetentionPolicy> {
  return {
    ...(durationMs !== undefined && { durationMs }),
    ...(replicas !== undefined && { replicas }),
    ...(shardMs !== undefined && { shardMs: normalShard(shardMs, durationMs ?? 0) }),
  };
}

function checked(policy: RetentionPolicy): RetentionPolicy {
  const { durationMs, shardMs } = policy;
  checkDuration(durationMs);
  if (durationMs !== 0 && durationMs < shardMs)
    throw new StatementFailed('retention policy duration must be greater than the shard duration');
  return policy;
}

/** The shard duration: at least one hour, and InfluxDB's default if none is stated. */
function normalShard(shardMs: number, durationMs: number): number {
  if (shardMs > 0) return Math.max(shardMs, HOUR_MS);
  if (durationMs === 0 || durationMs >= 180 * UTC_DAY_MS) return 7 * UTC_DAY_MS;
  return durationMs >= 2 * UTC_DAY_MS ? UTC_DAY_MS : HOUR_MS;
}

function checkDuration(durationMs: number): void {
  if (durationMs !== 0 && durationMs < HOUR_MS)
    throw new StatementFailed('retention policy duration must be at least 1h0m0s');
}

/** Whether a policy matches every requested field. */
function matches(policy: RetentionPolicy | undefined, { durationMs, replicas, shardMs = 0 }: PolicyChange): boolean {
  if (policy === undefined) return false;
  if (normalShard(shardMs, policy.durationMs) !== policy.shardMs) return false;
  return (durationMs ?? policy.durationMs) === policy.durationMs && (replicas ?? policy.replicas) === policy.replicas;
}

function isSame(a: RetentionPolicy, b: RetentionPolicy): boolean {
  return a.durationMs === b.durationMs && a.shardMs === b.shardMs && a.replicas === b.replicas;
}

function trim(map: Map<string, unknown>, max: number): void {
  if (map.size > max) map.delete(map.keys().next().value!);
}

/** Formats a duration like Go: `72h0m0s`, `30m0s`, `0s`. */
function goDuration(ms: number): string {
  const [hours, minutes, seconds] = [Math.floor(ms / HOUR_MS), Math.floor(ms / MINUTE_MS) % 60, (ms / 1000) % 60];
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
