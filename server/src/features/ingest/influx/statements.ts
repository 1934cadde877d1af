import { HOUR_MS, MINUTE_MS, UTC_DAY_MS, UTC_WEEK_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput } from '../../../domain/errors.ts';
import { type InfluxDatabases, type PolicyChange, StatementFailed } from './databases.ts';

/** Maximum number of statements in one request. */
export const MAX_STATEMENTS = 100;
/** Keywords of InfluxQL, which are names only in quotes. */
const RESERVED = new Set(
  'ALL ALTER ANY AS ASC BEGIN BY CREATE CONTINUOUS DATABASE DATABASES DEFAULT DELETE DESC DESTINATIONS DIAGNOSTICS DISTINCT DROP DURATION END EVERY EXPLAIN FIELD FOR FROM GRANT GRANTS GROUP GROUPS IN INF INSERT INTO KEY KEYS KILL LIMIT MEASUREMENT MEASUREMENTS NAME OFFSET ON ORDER PASSWORD POLICY POLICIES PRIVILEGES QUERIES QUERY READ REPLICATION RESAMPLE RETENTION REVOKE SELECT SERIES SET SHARD SHARDS SHOW SLIMIT SOFFSET STATS SUBSCRIPTION SUBSCRIPTIONS TAG TO USER USERS VALUES WHERE WITH WRITE'.split(
    ' ',
  ),
);
const TOKEN =
  /(?<space>\s+|--[^\n]*)|"(?<quoted>(?:[^"\\\n]|\\[n\\"])*)"|(?<amount>\d+[a-zµ][\da-zµ]*)|(?<integer>\d+)|(?<word>[A-Za-z_]\w*)|(?<other>[\s\S])/gy;
const DURATION = /^(?:\d+(?:ns|u|µ|ms|s|m|h|d|w))+$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  u: 1e-3,
  µ: 1e-3,
  ms: 1,
  s: 1000,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: UTC_DAY_MS,
  w: UTC_WEEK_MS,
};

interface Token {
  readonly kind: 'name' | 'word' | 'amount' | 'integer' | 'other' | 'end';
  readonly text: string;
  /** Position in the text, from 0. */
  readonly at: number;
}

interface Result {
  readonly statement_id: number;
  readonly series?: readonly object[];
  readonly error?: string;
}

type Statement = (databases: InfluxDatabases, db: string | undefined) => readonly object[];

/**
 * Executes the InfluxQL statements that clients send before they write: CREATE and SHOW for databases; CREATE, ALTER and SHOW for retention policies.
 *
 * @param db database of the request, for statements that name none
 * @throws InvalidInput with InfluxDB's message, before any statement is executed
 */
export function answerStatements(q: string, db: string | undefined, databases: InfluxDatabases): object {
  const statements = parse(q);
  if (statements.length === 0) return {};
  const results: Result[] = [];
  for (const [id, statement] of statements.entries()) {
    const isStopped = results.at(-1)?.error !== undefined;
    results.push(
      isStopped ? { statement_id: id, error: 'not executed' } : resultOf(id, () => statement(databases, db)),
    );
  }
  return { results };
}

/** The error of a statement is in its result; later statements are not executed. */
function resultOf(id: number, run: () => readonly object[]): Result {
  try {
    const series = run();
    return { statement_id: id, ...(series.length > 0 && { series }) };
  } catch (error) {
    if (error instanceof StatementFailed) return { statement_id: id, error: error.message };
    throw error;
  }
}

function parse(q: string): Statement[] {
  const reader = new Reader(q);
  const statements: Statement[] = [];
  for (;;) {
    while (reader.take(';'));
    if (reader.isEnd) return statements;
    if (statements.length === MAX_STATEMENTS)
      throw new InvalidInput(`more than ${MAX_STATEMENTS} statements in one request`);
    statements.push(parseStatement(reader, q));
    if (!reader.isEnd && !reader.take(';')) throw reader.expected(';');
  }
}

function parseStatement(reader: Reader, q: string): Statement {
  if (reader.take('CREATE', 'DATABASE')) return createDatabase(reader);
  if (reader.take('CREATE', 'RETENTION', 'POLICY')) return createPolicy(reader);
  if (reader.take('ALTER', 'RETENTION', 'POLICY')) return alterPolicy(reader);
  if (reader.take('SHOW', 'DATABASES'))
    return (databases, db) => [
      { name: 'databases', columns: ['name'], values: databases.names(db).map((name) => [name]) },
    ];
  if (reader.take('SHOW', 'RETENTION', 'POLICIES')) return showPolicies(reader);
  throw new InvalidInput(
    `only CREATE DATABASE, SHOW DATABASES, and CREATE, ALTER and SHOW RETENTION POLICY are answered here; ask GET /api/v1/telemetry for history. Got: ${q.slice(0, 80).toWellFormed()}`,
  );
}

function createDatabase(reader: Reader): Statement {
  const name = reader.name();
  const { policy = null, ...change } = reader.take('WITH') ? readPolicyOfDatabase(reader) : {};
  return (databases) => {
    databases.create(name, policy, change);
    return [];
  };
}

function createPolicy(reader: Reader): Statement {
  const policy = reader.name();
  reader.require('ON');
  const database = reader.name();
  reader.require('DURATION');
  const durationMs = reader.duration();
  reader.require('REPLICATION');
  const replicas = reader.integer();
  const shardMs = reader.take('SHARD') ? reader.shardDuration() : undefined;
  const isDefault = reader.take('DEFAULT');
  const change = { durationMs, replicas, ...(shardMs !== undefined && { shardMs }), isDefault };
  return (databases) => {
    databases.createPolicy(database, policy, change);
    return [];
  };
}

function alterPolicy(reader: Reader): Statement {
  const policy = reader.name();
  reader.require('ON');
  const database = reader.name();
  const change = readOptions(reader);
  return (databases) => {
    databases.alterPolicy(database, policy, change);
    return [];
  };
}

function showPolicies(reader: Reader): Statement {
  const named = reader.take('ON') ? reader.name() : undefined;
  return (databases, db) => {
    const database = named ?? db;
    if (!database) throw new StatementFailed('database name required');
    const columns = ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'];
    return [{ columns, values: databases.policies(database) }];
  };
}

/** Options after WITH: at least one, in this order. */
function readPolicyOfDatabase(reader: Reader): PolicyChange & { readonly policy?: string } {
  const [start, durationMs] = [reader.position, reader.take('DURATION') ? reader.duration() : undefined];
  const replicas = reader.take('REPLICATION') ? reader.integer() : undefined;
  const shardMs = reader.take('SHARD', 'DURATION') ? reader.duration() : undefined;
  const policy = reader.take('NAME') ? reader.name() : undefined;
  if (reader.position === start) throw reader.expected('DURATION, NAME, REPLICATION, SHARD');
  return {
    ...(durationMs !== undefined && { durationMs }),
    ...(replicas !== undefined && { replicas }),
    ...(shardMs !== undefined && { shardMs }),
    ...(policy !== undefined && { policy }),
  };
}

/** Options in any order, at least one. */
function readOptions(reader: Reader): PolicyChange {
  const options: { -readonly [K in keyof PolicyChange]: PolicyChange[K] } = {};
  for (let count = 0; ; count++) {
    if (reader.take('DURATION')) options.durationMs = reader.duration();
    else if (reader.take('REPLICATION')) options.replicas = reader.integer();
    else if (reader.take('SHARD')) options.shardMs = reader.shardDuration();
    else if (reader.take('DEFAULT')) options.isDefault = true;
    else if (count > 0) return options;
    else throw reader.expected('DURATION, REPLICATION, SHARD, DEFAULT');
  }
}

/** Reads the tokens of a text in order. */
class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = [...text.matchAll(TOKEN)].flatMap(toToken);
  }

  get position(): number {
    return this.#next;
  }

  get isEnd(): boolean {
    return this.#next === this.#tokens.length;
  }

  /** Consumes these words if they are next; returns whether they were. */
  take(...words: readonly string[]): boolean {
    const isNext = words.every((word, i) => {
      const token = this.#tokens[this.#next + i];
      return token !== undefined && token.kind !== 'name' && token.text.toUpperCase() === word;
    });
    if (isNext) this.#next += words.length;
    return isNext;
  }

  require(word: string): void {
    if (!this.take(word)) throw this.expected(word);
  }

  name(): string {
    const token = this.#peek();
    const isName = token.kind === 'name' || (token.kind === 'word' && !RESERVED.has(token.text.toUpperCase()));
    if (!isName) throw this.expected('identifier');
    this.#next++;
    return token.text;
  }

  /** Reads a duration in milliseconds; `INF` is 0. */
  duration(): number {
    if (this.take('INF')) return 0;
    const { kind, text } = this.#peek();
    if (kind !== 'amount') throw this.expected('duration');
    if (!DURATION.test(text)) throw this.#error('invalid duration');
    this.#next++;
    return [...text.matchAll(/(\d+)(\D+)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit!]!, 0);
  }

  /** Reads a shard duration, which may be `INF` only for a new database. */
  shardDuration(): number {
    this.require('DURATION');
    if (this.#peek().text.toUpperCase() === 'INF') throw this.#error('invalid duration INF for shard duration');
    return this.duration();
  }

  integer(): number {
    const { kind, text } = this.#peek();
    if (kind !== 'integer') throw this.expected('integer');
    const value = Number(text);
    if (value < 1 || value > 2 ** 31 - 1) throw this.#error(`invalid value ${text}: must be 1 <= n <= 2147483647`);
    this.#next++;
    return value;
  }

  expected(what: string): InvalidInput {
    const { kind, text } = this.#peek();
    const found =
      kind === 'end' ? 'EOF' : kind === 'word' && RESERVED.has(text.toUpperCase()) ? text.toUpperCase() : text;
    return this.#error(`found ${found.slice(0, 80).toWellFormed()}, expected ${what}`);
  }

  #error(what: string): InvalidInput {
    const { at } = this.#peek();
    const before = this.#text.slice(0, at);
    const line = before.split('\n').length;
    return new InvalidInput(`error parsing query: ${what} at line ${line}, char ${at - before.lastIndexOf('\n')}`);
  }

  #peek(): Token {
    // InfluxDB's position of the end is one character further if a word precedes it.
    const at = this.#text.length + (this.#tokens.at(-1)?.kind === 'word' ? 1 : 0);
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at };
  }
}

function toToken({ index: at, groups = {} }: RegExpExecArray): Token[] {
  const { space, quoted, amount, integer, word, other } = groups;
  if (space !== undefined) return [];
  if (quoted !== undefined) {
    const text = quoted.replace(/\\(.)/g, (_escape, character: string) => (character === 'n' ? '\n' : character));
    return [{ kind: 'name', text, at }];
  }
  if (amount !== undefined) return [{ kind: 'amount', text: amount, at }];
  if (integer !== undefined) return [{ kind: 'integer', text: integer, at }];
  if (word !== undefined) return [{ kind: 'word', text: word, at }];
  return [{ kind: 'other', text: other!, at }];
}
