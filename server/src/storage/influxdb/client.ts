import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import { Conflict, ExpectedError, InvalidInput, Unavailable } from '../../domain/errors.ts';
import { OutboundClient, type OutboundResponse, textOf } from '../../outbound/client.ts';
import { connectionReason } from '../../outbound/foreign-text.ts';
import { Gate, type NamedBy } from '../../outbound/gate.ts';
import { type InfluxSeries, linesOf, listOf, MAX_LINE_ROWS, parsedAnswer, parsedBy, reasonIn } from './answers.ts';
import type { InfluxLocation } from './influxdb-options.ts';

const compress = promisify(gzip);

/**
 * Rejection of points beyond the retention policy, in the words of older and newer servers: they are already expired, and a retry would not
 * help.
 */
const BEYOND_RETENTION = /points (beyond|outside) retention policy/;

/** Request timeout, too many requests, and a missing database or bucket, which a user may create. */
const TEMPORARY: ReadonlySet<number> = new Set([404, 408, 429]);

/** Messages of a server for temporary failures. */
const UNAVAILABLE = /timeout|unavailable|engine is closed/i;

/** Limit of answers that are read whole, bytes: errors, lists of buckets. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Limit of the buffered answers of `query`, bytes: names of measurements and fields. */
export const MAX_QUERY_BYTES = 64 * 1024 * 1024;

/** Mappings from InfluxQL databases to buckets of 2.x. */
const Mappings = z.object({
  content: listOf(z.object({ retention_policy: z.string(), default: z.boolean(), bucketID: z.string() })).nullish(),
});
const Buckets = z.object({ buckets: listOf(z.object({ id: z.string() })).nullish() });
const Orgs = z.object({ orgs: listOf(z.object({ id: z.string() })).nullish() });
const Made = z.object({ id: z.string() });

/** The HTTP interface that InfluxDB 1.x, 2.x and 3.x share: line protocol in, InfluxQL out. */
export class InfluxClient {
  readonly place: string;
  readonly #client: OutboundClient;
  readonly #by: NamedBy;
  #location: InfluxLocation;
  /** Major version of the server. */
  #major = 1;
  /** 2.x and 3.x: the bucket to which points are written; with 2.x its id. */
  #bucket: string;

  /** @param by the origin of the location */
  constructor(location: InfluxLocation, by: NamedBy) {
    this.#location = location;
    this.#by = by;
    this.#client = new OutboundClient(Gate.to(location.url, by));
    this.#bucket = location.database;
    this.place = `${new URL(location.url).host}/${location.database}`;
  }

  get major(): number {
    return this.#major;
  }

  /** Detects the version of the server, and creates the database where possible. */
  async open(): Promise<void> {
    await this.connect();
    if (this.#major === 1) await this.#makeDatabase();
    else if (this.#major === 2) this.#bucket = await this.#mappedBucket();
  }

  /** Detects the version of the server; changes nothing. */
  async connect(): Promise<void> {
    const response = await this.#send('GET', '/ping');
    const text = await this.#textOf(response);
    if (!isSuccess(response)) throw this.#refusal(response, text);
    const version = String(response.headers['x-influxdb-version'] ?? '1');
    this.#major = Number(/\d+/.exec(version)?.[0] ?? 1);
    const { database, retention_policy: retentionPolicy } = this.#location;
    const [, name, policy] = /^([^/]+)\/(.+)$/.exec(database) ?? [];
    if (this.#major !== 2 || retentionPolicy !== undefined || name === undefined || policy === undefined) return;
    // InfluxQL of 2.x resolves the bucket `home/short` as the retention policy `short` of `home`.
    this.#location = { ...this.#location, database: name, retention_policy: policy };
  }

  /**
   * Durable on the server when it resolves.
   * @throws Conflict when the server accepted all lines except contradictory ones, such as a field that another writer declared an integer
   */
  async write(lines: string): Promise<void> {
    const { database, retention_policy: retentionPolicy, org } = this.#location;
    const query =
      this.#major === 1
        ? new URLSearchParams({ db: database, precision: 'ms', ...(retentionPolicy && { rp: retentionPolicy }) })
        : new URLSearchParams({ bucket: this.#bucket, precision: 'ms', ...(org && { org }) });
    const path = this.#major === 1 ? '/write' : '/api/v2/write';
    const body = new Uint8Array(await compress(lines));
    const response = await this.#send('POST', `${path}?${query}`, body, {
      'content-type': 'text/plain; charset=utf-8',
      'content-encoding': 'gzip',
    });
    const text = await this.#textOf(response);
    if (isSuccess(response) || BEYOND_RETENTION.test(text)) return;
    if (response.status < 500 && /partial write/i.test(text)) {
      throw new Conflict(`InfluxDB at ${this.place} rejects a part: ${reasonIn(text, response.status, this.#by)}`);
    }
    throw this.#refusal(response, text);
  }

  /** The series of the answers, with the statement's number, in pieces of at most `MAX_LINE_ROWS`. */
  async *stream(
    statements: string,
    maxBytes = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<{ statement: number; series: InfluxSeries }> {
    const { database, retention_policy: retentionPolicy } = this.#location;
    const chunks = { chunked: 'true', chunk_size: String(MAX_LINE_ROWS) };
    const parameters = { db: database, epoch: 'ms', ...chunks, q: statements };
    const query = new URLSearchParams({ ...parameters, ...(retentionPolicy && { rp: retentionPolicy }) });
    const response = await this.#send('POST', '/query', query.toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
    if (!isSuccess(response)) throw this.#refusal(response, await this.#textOf(response));
    for await (const line of this.#lines(response, maxBytes)) {
      const answer = parsedAnswer(line, this.#server);
      if (answer.error !== undefined) throw this.#error(answer.error);
      for (const { statement_id: statement = 0, series = [], error } of answer.results ?? []) {
        if (error !== undefined) throw this.#error(error);
        for (const one of series) yield { statement, series: { ...one, values: one.values ?? [] } };
      }
    }
  }

  async query(statements: string): Promise<{ statement: number; series: InfluxSeries }[]> {
    const found = [];
    for await (const one of this.stream(statements, MAX_QUERY_BYTES)) found.push(one);
    return found;
  }

  /** Only an administrator may create a database, so an existing one is not created again. */
  async #makeDatabase(): Promise<void> {
    const { database } = this.#location;
    const found = await this.query('SHOW DATABASES');
    if (found.some(({ series }) => series.values.some(([name]) => name === database))) return;
    await this.query(`CREATE DATABASE ${quoted(database)}`);
  }

  /** Retention policies of the database other than the one that is read. 3.x has none. */
  async policiesBeside(): Promise<string[]> {
    if (this.#major > 2) return [];
    const { database, retention_policy: retentionPolicy } = this.#location;
    const found = await this.query(`SHOW RETENTION POLICIES ON ${quoted(database)}`);
    return found.flatMap(({ series: { columns, values } }) => {
      const [name, isDefault] = [columns.indexOf('name'), columns.indexOf('default')];
      const isRead = (row: (typeof values)[number]) =>
        retentionPolicy === undefined ? row[isDefault] === true : row[name] === retentionPolicy;
      return values.filter((row) => !isRead(row)).map((row) => String(row[name]));
    });
  }

  /**
   * Deletes the points of a measurement before an instant.
   * @throws Conflict when the server cannot, or would delete other points as well
   */
  async delete(measurement: string, before: number): Promise<void> {
    if (this.#major === 1) {
      await this.#refuseToDeleteOthers(measurement, before);
      await this.query(`DELETE FROM ${quoted(measurement)} WHERE time < ${before}ms`);
      return;
    }
    if (this.#major > 2) {
      throw new Conflict(
        `InfluxDB at ${this.place} cannot delete points by time: 3.x deletes them only by its own retention period`,
      );
    }
    const { org } = this.#location;
    // Both ends are included: the last nanosecond before the instant.
    const stop = new Date(before - 1).toISOString().replace('Z', '999999Z');
    const predicate = `_measurement=${JSON.stringify(measurement)}`;
    const place = new URLSearchParams({ bucketID: this.#bucket, ...(org && { org }) });
    await this.#ask(z.unknown(), 'POST', `/api/v2/delete?${place}`, { start: '1677-09-22T00:00:00Z', stop, predicate });
  }

  /**
   * Deletes the points of every measurement that have a tag of this value; with 1.x in every retention policy of the database.
   * @throws Conflict when the server cannot
   */
  async deleteTagged(tag: string, value: string): Promise<void> {
    if (this.#major === 1) {
      await this.query(`DROP SERIES WHERE ${quoted(tag)} = '${value.replaceAll("'", "\\'")}'`);
      return;
    }
    if (this.#major > 2) {
      throw new Conflict(
        `InfluxDB at ${this.place} cannot delete the points of a device: 3.x deletes them only by its own retention period`,
      );
    }
    const { org } = this.#location;
    const place = new URLSearchParams({ bucketID: this.#bucket, ...(org && { org }) });
    const always = { start: '1677-09-22T00:00:00Z', stop: '2262-04-11T00:00:00Z' };
    const predicate = `${tag}=${JSON.stringify(value)}`;
    await this.#ask(z.unknown(), 'POST', `/api/v2/delete?${place}`, { ...always, predicate });
  }

  /** `DELETE` of 1.x deletes a measurement's points in every retention policy; none can be specified. */
  async #refuseToDeleteOthers(measurement: string, before: number): Promise<void> {
    for (const policy of await this.policiesBeside()) {
      const points = `${quoted(policy)}.${quoted(measurement)} WHERE time < ${before}ms LIMIT 1`;
      if ((await this.query(`SELECT * FROM ${points}`)).length === 0) continue;
      throw new Conflict(
        `InfluxDB at ${this.place} would also delete points of "${measurement}" in the retention policy "${policy}": use a separate database for this store`,
      );
    }
  }

  /**
   * The bucket of 2.x that InfluxQL resolves for the database; its name may differ. Newer servers map a bucket by its name; otherwise a
   * mapping is created, and the bucket too if missing.
   */
  async #mappedBucket(): Promise<string> {
    const mapped = await this.#mapping();
    if (mapped !== undefined) return mapped;
    const { database, retention_policy: retentionPolicy, org } = this.#location;
    const name = retentionPolicy === undefined ? database : `${database}/${retentionPolicy}`;
    const bucketID = (await this.#bucketCalled(name)) ?? (await this.#makeBucket(name));
    if ((await this.#mapping()) === undefined) {
      await this.#ask(z.unknown(), 'POST', '/api/v2/dbrps', {
        bucketID,
        database,
        default: retentionPolicy === undefined,
        org,
        retention_policy: retentionPolicy ?? 'autogen',
      });
    }
    return bucketID;
  }

  /** The bucket that is mapped to the database and its retention policy. */
  async #mapping(): Promise<string | undefined> {
    const { database, retention_policy: retentionPolicy, org } = this.#location;
    const search = new URLSearchParams({ ...(org && { org }), db: database });
    const { content } = await this.#ask(Mappings, 'GET', `/api/v2/dbrps?${search}`);
    return content?.find((one) =>
      retentionPolicy === undefined ? one.default : one.retention_policy === retentionPolicy,
    )?.bucketID;
  }

  async #bucketCalled(name: string): Promise<string | undefined> {
    const { org } = this.#location;
    const search = new URLSearchParams({ ...(org && { org }), name });
    const response = await this.#send('GET', `/api/v2/buckets?${search}`);
    const text = await this.#textOf(response);
    if (response.status === 404) return undefined;
    if (!isSuccess(response)) throw this.#refusal(response, text);
    return parsedBy(Buckets, text, this.#server).buckets?.[0]?.id;
  }

  /** A token for single buckets sees no organization and cannot create a bucket. */
  async #makeBucket(name: string): Promise<string> {
    const search = new URLSearchParams({ org: this.#location.org ?? '' });
    const { orgs } = await this.#ask(Orgs, 'GET', `/api/v2/orgs?${search}`);
    const orgID = orgs?.[0]?.id;
    if (orgID === undefined) {
      throw new Unavailable(
        `InfluxDB at ${this.place} has no bucket "${name}" that the token may read and write: create it first`,
      );
    }
    return (await this.#ask(Made, 'POST', '/api/v2/buckets', { orgID, name, retentionRules: [] })).id;
  }

  async #ask<T>(schema: z.ZodType<T>, method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const response = await this.#send(method, path, body && JSON.stringify(body), {
      'content-type': 'application/json',
    });
    const text = await this.#textOf(response);
    if (!isSuccess(response)) throw this.#refusal(response, text);
    return parsedBy(schema, text, this.#server);
  }

  async #send(
    method: string,
    path: string,
    body?: string | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<OutboundResponse> {
    const { url, timeout_ms: timeoutMs } = this.#location;
    try {
      return await this.#client.send(`${url.replace(/\/$/, '')}${path}`, {
        method,
        headers,
        credentials: this.#credentials(),
        signal: AbortSignal.timeout(timeoutMs),
        body,
      });
    } catch (error) {
      throw this.#broken(error, 'does not answer');
    }
  }

  async #textOf(response: OutboundResponse): Promise<string> {
    try {
      return await textOf(response, MAX_ANSWER_BYTES);
    } catch (error) {
      throw this.#broken(error, 'broke the connection');
    }
  }

  async *#lines({ body }: OutboundResponse, maxBytes: number): AsyncGenerator<string> {
    try {
      yield* linesOf(body, maxBytes);
    } catch (error) {
      throw this.#broken(error, 'broke the connection');
    }
  }

  /** The error of a connection that could not be made or broke in the middle of an answer. */
  #broken(error: unknown, how: string): Error {
    const reason = error instanceof ExpectedError ? error.message : connectionReason(error);
    return new Unavailable(`${this.#server} ${how}: ${reason}`);
  }

  #credentials(): Record<string, string> {
    const { token, username, password = '' } = this.#location;
    if (token !== undefined) return { authorization: `Token ${token}` };
    if (username === undefined) return {};
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }

  #refusal({ status }: OutboundResponse, text: string): Error {
    const said = reasonIn(text, status, this.#by);
    if (status === 401 || status === 403) {
      return new Unavailable(`${this.#server} rejects the credentials: ${said}; check token, or username and password`);
    }
    const isTemporary = TEMPORARY.has(status) || status >= 500 || UNAVAILABLE.test(text);
    return isTemporary
      ? new Unavailable(`${this.#server} is not available at present: ${said}`)
      : new InvalidInput(`${this.#server} rejects the request: ${said}`);
  }

  /** The error of a statement within an answer of status 200. */
  #error(text: string): Error {
    const said = reasonIn(text, null, this.#by);
    return UNAVAILABLE.test(text)
      ? new Unavailable(`${this.#server} is not available at present: ${said}`)
      : new InvalidInput(`${this.#server} rejects the request: ${said}`);
  }

  get #server(): string {
    return `InfluxDB at ${this.place}`;
  }
}

/** Quotes a name that needs no encoding: of a database, or of an encoded measurement. */
function quoted(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function isSuccess({ status }: OutboundResponse): boolean {
  return status >= 200 && status < 300;
}
