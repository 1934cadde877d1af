/**
 * Requests made up from the API document of a running service: what fits its schemas, what nearly fits, and names and times that mean
 * something there. No answer may be a server's error, or have a status or a content type that the document does not name; what is in it the service
 * itself holds against the schema. Run: `node server/test/fuzz/api.ts URL TOKEN [COUNT] [SEED]` on a service that may be ruined; the tests
 * run a short one.
 */
import { generateSync, type JsonSchema } from 'json-schema-faker';
import { type ApiUnderTest, ask, documentOf, type Operation } from './api-document.ts';
import { type Chance, chanceOf, pick } from './mutations.ts';

/** Meaningful values, by field name. */
type Known = readonly [names: RegExp, values: readonly unknown[]][];

/** These answer by design with what no test can use, have a protocol of their own, or read folders of the machine. */
const LEFT_OUT = /^\/(docs|openapi|api\/v1\/(stream|storage\/migrations|auth\/(login|logout|link)))/;
const INSTANTS = ['2000-01-01T00:00:00Z', '2026-03-29T01:30:00+01:00', '1969-12-31T23:59:59Z', '9999-12-31T23:59:59Z'];
const DAYS = ['2026-03-29', '2025-10-26', '2024-02-29', '0001-01-01'];
const ODD = ['', '0', '-1', 'NaN', '1e999', 'null', '[]', '\u0000', '🔋', '../..', '%', "';--", 'x'.repeat(5000)];
const ODD_VALUES = [null, 0, -1, 1e308, 5e-324, true, '', [], {}, ...ODD];

/** Returns the number of responses per status. Throws an error with the request of the first violated guarantee. */
export async function fuzzApi(api: ApiUnderTest, count: number, seed: number): Promise<Map<number, number>> {
  const chance = chanceOf(seed);
  const { operations: all, components } = await documentOf(api);
  const operations = all.filter(({ path }) => !LEFT_OUT.test(path));
  const known = await knownTo(api);
  const statuses = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const operation = pick(operations, chance);
    const request = requestOf(operation, { chance, known, components });
    try {
      const status = await checkAnswer(api, operation, request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    } catch (cause) {
      throw new Error(`seed ${seed}, request ${i}: ${operation.method} ${JSON.stringify(request)}`, { cause });
    }
  }
  return statuses;
}

async function knownTo(api: ApiUnderTest): Promise<Known> {
  const list = async (path: string) =>
    ((await (await ask(api, `/api/v1${path}`)).json()) as { items: Record<string, unknown>[] }).items;
  const [devices, sites, metrics, jobs] = await Promise.all(
    ['/devices?limit=50', '/sites', '/metrics-catalogue', '/jobs'].map(list),
  );
  const of = (items: typeof devices, key: string) => (items ?? []).map((item) => item[key]);
  return [
    [/^(machine|device)(_id)?$/, [...of(devices, 'id'), ...of(devices, 'name')]],
    [/^site(_id)?$/, of(sites, 'id')],
    [/^(id|name)$/, [...of(devices, 'id'), ...of(sites, 'id'), ...of(jobs, 'id'), ...of(jobs, 'name')]],
    [/^(metric|drivers?|temperature)$/, of(metrics, 'name')],
    [/^(start|end|from|to|at|earliest|latest|.*_time)$/, [...INSTANTS, ...recentInstants()]],
    [/^(date|start_date|end_date|day)$/, [...DAYS, ...recentInstants().map((instant) => instant.slice(0, 10))]],
  ];
}

function recentInstants(): string[] {
  return [0, 1, 6, 24, 200, 2000].map((hours) => new Date(Date.now() - hours * 3_600_000).toISOString());
}

interface Making {
  readonly chance: Chance;
  readonly known: Known;
  readonly components: object;
}

interface MadeUp {
  readonly path: string;
  readonly type: string | null;
  readonly body: string | null;
}

function requestOf({ path, parameters, bodies }: Operation, making: Making): MadeUp {
  const { chance } = making;
  const query = new URLSearchParams();
  let filled = path;
  for (const { name, in: place, required, schema } of parameters) {
    if (place === 'query' && required !== true && chance(2) === 0) continue;
    const values = [madeUpFor(name, schema, making)].flat();
    if (place === 'query') for (const value of values) query.append(name, textOf(value));
    if (place === 'path')
      filled = filled.replace(`{${name}}`, encodeURIComponent(textOf(values[0]).toWellFormed() || '-'));
  }
  if (chance(20) === 0) query.append('unheard_of', pick(ODD, chance));
  const address = query.size > 0 ? `${filled}?${query}` : filled;
  if (bodies.length === 0) return { path: address, type: null, body: null };
  const [type, schema] = pick(bodies, chance);
  const made = madeUpFor('', schema, making);
  const body = type.includes('json') && chance(50) > 0 ? JSON.stringify(made) : textOf(made);
  return { path: address, type, body: body ?? 'null' };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Mostly valid input, with known values in place of random ones; sometimes invalid input. */
function madeUpFor(name: string, schema: object, making: Making): unknown {
  const { chance, components } = making;
  if (chance(25) === 0) return pick(ODD_VALUES, chance);
  const made = generateSync({ ...schema, components } as JsonSchema, {
    seed: chance(2 ** 31),
    alwaysFakeOptionals: chance(4) === 0,
  });
  return meaningful(name, made, making);
}

function meaningful(name: string, value: unknown, making: Making): unknown {
  const { chance, known } = making;
  if (Array.isArray(value)) return value.map((one) => meaningful(name, one, making));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(() => chance(40) > 0);
    return Object.fromEntries(entries.map(([key, one]) => [key, meaningful(key, one, making)]));
  }
  const values = known.find(([names]) => names.test(name))?.[1] ?? [];
  if (typeof value === 'string' && values.length > 0 && chance(4) > 0) return pick(values, chance);
  return chance(60) === 0 ? pick(ODD_VALUES, chance) : value;
}

async function checkAnswer(api: ApiUnderTest, { method, responses }: Operation, { path, type, body }: MadeUp) {
  const answer = await ask(api, path, {
    method,
    ...(body === null ? {} : { body, headers: { 'content-type': type ?? 'application/json' } }),
  });
  const text = await answer.text();
  const { status } = answer;
  if (status >= 500) throw new Error(`the service answered ${status}: ${text.slice(0, 500)}`);
  const documented = responses[status] ?? responses[`${String(status)[0]}XX`];
  if (documented === undefined) throw new Error(`the document of ${method} does not name the status ${status}`);
  const [given = ''] = (answer.headers.get('content-type') ?? '').split(';');
  const types = Object.keys(documented.content ?? {});
  if (text !== '' && !types.includes(given)) {
    throw new Error(`${status} came as "${given}"; the document names ${types.join(', ') || 'nothing'}`);
  }
  return status;
}

if (import.meta.main) {
  const [url = '', token = '', count = '10000', seed = '1'] = process.argv.slice(2);
  const statuses = await fuzzApi({ url, token }, Number(count), Number(seed));
  console.table(Object.fromEntries([...statuses].sort()));
}
