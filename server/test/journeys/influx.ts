import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { answering } from '../storage/answering.ts';

/** A running InfluxDB. */
export interface Influx {
  readonly url: string;
  pid(): number;
  /** The credentials that the server requires of clients. */
  readonly access: { readonly token?: string; readonly org?: string };
  /** Posts with all permissions; throws unless the request succeeds. */
  post(path: string, body?: string): Promise<unknown>;
  /** Creates an empty database; if it exists, a further retention policy, unlimited by default. In 2.x both are buckets. */
  make(database: string, retentionPolicy?: string, hours?: number): Promise<void>;
  stop(): Promise<void>;
  /** Keeps its connections and answers no request until `resume`. */
  pause(): void;
  resume(): void;
  /** Restarts it after `stop`, at the same address with the same data. */
  startAgain(): Promise<void>;
}

/** Each major version that tests run against, by its name in `needs.ts`, with the function that starts it. */
export const INFLUXES = [
  ['INFLUXD', '1.x', startInflux],
  ['INFLUXD2', '2.x', startInflux2],
] as const;

/**
 * Starts the program `influxd` 1.x on free loopback ports with its data in `folder`, and creates an empty database `bench`.
 * @param data further settings of the section `data`
 */
export async function startInflux(folder: string, program: string, data = ''): Promise<Influx> {
  const [http, rpc] = [await freePort(), await freePort()];
  const config = join(folder, 'influxdb.conf');
  writeFileSync(
    config,
    `reporting-disabled = true\nbind-address = "127.0.0.1:${rpc}"\n[meta]\ndir = "${folder}/meta"\n[data]\ndir = "${folder}/data"\nwal-dir = "${folder}/wal"\nquery-log-enabled = false\n${data}\n[http]\nbind-address = "127.0.0.1:${http}"\nlog-enabled = false\n`,
  );
  const influx = await started(`http://127.0.0.1:${http}`, {}, program, ['-config', config]);
  const make = async (database: string, retentionPolicy?: string, hours = 0) => {
    const what =
      retentionPolicy === undefined
        ? `DATABASE "${database}"`
        : `RETENTION POLICY "${retentionPolicy}" ON "${database}" DURATION ${hours}h REPLICATION 1`;
    await influx.post(`/query?${new URLSearchParams({ q: `CREATE ${what}` })}`);
  };
  await make('bench');
  return { ...influx, make };
}

/**
 * Starts the program `influxd` 2.x on a free loopback port with its data in `folder`, and sets it up with an empty bucket `bench`.
 * @param settings further arguments
 */
export async function startInflux2(folder: string, program: string, settings: readonly string[] = []): Promise<Influx> {
  const access = { token: 'a-token-of-tests', org: 'house' };
  const port = await freePort();
  const influx = await started(`http://127.0.0.1:${port}`, access, program, [
    'run',
    `--http-bind-address=127.0.0.1:${port}`,
    `--bolt-path=${folder}/influxd.bolt`,
    `--sqlite-path=${folder}/influxd.sqlite`,
    `--engine-path=${folder}`,
    '--reporting-disabled',
    '--log-level=error',
    ...settings,
  ]);
  const { org } = (await influx.post(
    '/api/v2/setup',
    JSON.stringify({ username: 'keeper', password: 'keeper-of-tests', bucket: 'bench', ...access }),
  )) as { org: { id: string } };
  const make = async (database: string, retentionPolicy?: string, hours = 0) => {
    const name = retentionPolicy === undefined ? database : `${database}/${retentionPolicy}`;
    const retentionRules = hours === 0 ? [] : [{ type: 'expire', everySeconds: hours * 3600 }];
    await influx.post('/api/v2/buckets', JSON.stringify({ orgID: org.id, name, retentionRules }));
  };
  return { ...influx, make };
}

async function started(
  url: string,
  access: Influx['access'],
  program: string,
  args: readonly string[],
): Promise<Omit<Influx, 'make'>> {
  let child: ChildProcess;
  const startAgain = async () => {
    child = spawn(program, args, { stdio: 'ignore' });
    await answering(`${url}/ping`, child);
  };
  const stop = async () => {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  };
  const post = async (path: string, body = '') => {
    const headers = access.token === undefined ? undefined : { authorization: `Token ${access.token}` };
    const answer = await fetch(url + path, { method: 'POST', body, ...(headers && { headers }) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  await startAgain();
  const pause = () => void child.kill('SIGSTOP');
  const resume = () => void child.kill('SIGCONT');
  return { url, pid: () => child.pid!, access, post, stop, startAgain, pause, resume };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Bytes that all files of a folder occupy on the disk: InfluxDB creates sparse files. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).blocks * 512, 0);
}
