import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';

const USER = 'postgres';
const PASSWORD = 'password-of-a-test';

/** A separate PostgreSQL server on a free loopback port that requires passwords. */
export interface PostgresServer {
  readonly port: number;
  /** Address of a database for the superuser. */
  url(database?: string): string;
  /** The rows of one statement, each as an array; the connection is always closed. */
  ask(sql: string, parameters?: readonly unknown[]): Promise<unknown[][]>;
  /** Ends the server immediately, like a crash, or in an orderly way; connections are broken. */
  stop(signal?: 'SIGINT' | 'SIGQUIT'): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Ends the server and deletes its files. */
  remove(): Promise<void>;
}

/**
 * Creates a server in a temporary folder and starts it.
 *
 * @param bin folder with `initdb` and `postgres`, the part POSTGRES_BIN
 * @param preloaded libraries that the server loads when it starts, such as timescaledb
 * @param more settings of the server, by name
 */
export async function startPostgresServer(
  bin: string,
  preloaded = '',
  more: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-postgres-'));
  const data = join(folder, 'data');
  const as = unprivileged(folder);
  writeFileSync(join(folder, 'password'), PASSWORD, { mode: 0o644 });
  const files = ['-D', data, `--pwfile=${join(folder, 'password')}`];
  const settings = ['-U', USER, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), [...files, ...settings], {
    ...as,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await freePort();
  const address = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
  let child: ChildProcess | undefined;
  const start = async () => {
    const named = { fsync: 'off', lc_messages: 'C', shared_preload_libraries: preloaded, ...more };
    const options = [
      '-D',
      data,
      ...address,
      ...Object.entries(named).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    child = spawn(join(bin, 'postgres'), options, { ...as, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    await ready(child);
  };
  const stop = async (signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT') => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const exit = once(running, 'exit');
    running.kill(signal);
    await exit;
  };
  const remove = async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  await start();
  const url = (database = 'postgres') => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const ask = async (sql: string, parameters: readonly unknown[] = []): Promise<unknown[][]> => {
    const client = new Client({ connectionString: url() });
    await client.connect();
    try {
      return (await client.query({ text: sql, values: [...parameters], rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  };
  return { port, url, ask, stop, start, remove };
}

/** PostgreSQL refuses to run as root: in that case, the user nobody owns everything in the folder. */
function unprivileged(folder: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const nobody = { uid: 65534, gid: 65534 };
  chownSync(folder, nobody.uid, nobody.gid);
  return nobody;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error(`no port was given: ${address}`);
  return address.port;
}

/** Resolves when the server accepts connections; rejects with its output when it ends instead. */
function ready(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      said.push(line);
      if (line.includes('ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`postgres ended (${code}):\n${said.slice(-20).join('\n')}`)));
  });
}
