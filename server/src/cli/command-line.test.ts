import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { runCommand } from '../../test/command.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const START = Date.UTC(2026, 0, 1);
const COMMANDS = [
  'start',
  'import',
  'migrate',
  'export',
  'backup',
  'restore',
  'archive',
  'backfill',
  'doctor',
  'features',
  'device',
  'sign-in-link',
  'user',
  'token',
];

/** Runs commands with an empty data folder and no service. */
function place() {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const environment = {
    XDG_RUNTIME_DIR: folder,
    WATTKEEPER_DATA_DIR: join(folder, 'data'),
    WATTKEEPER_HTTP__PORT: '0',
  };
  return { file, environment, run: (...argv: string[]) => runCommand(environment, ...argv) };
}

/** Starts a server on loopback and returns its address. */
async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('help', () => {
  it('lists every command', async () => {
    for (const argv of [['--help'], ['-h'], ['help']]) {
      const { code, out, errors } = await place().run(...argv);
      expect([code, errors]).toEqual([0, '']);
      for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^ +${name} +\\w`, 'm'));
    }
  });

  it.each(COMMANDS)('of %s lists every option of the command, including those of its subcommands', async (name) => {
    const { run } = place();
    const { code, out } = await run(name, '--help');
    expect([code, (await run('help', name)).out]).toEqual([0, out]);
    expect(out).toContain(`Usage: npm start -- ${name} `);
    expect(out).toMatch(/--config <file>[\s\S]*--json/);
    const commands = /\nCommands:\n((?: {2}.+\n?)+)/.exec(out)?.[1] ?? '';
    for (const [, command] of commands.matchAll(/^ {2}([a-z-]+)/gm)) {
      const { out: part } = await run(name, command!, '--help');
      for (const [option] of part.matchAll(/--[a-z-]+/g)) expect(out).toContain(option);
    }
  });

  it('marks required options', async () => {
    expect((await place().run('backfill', '--help')).out).toMatch(/--from <store> .*\(required\)/);
  });
});

describe('incorrect usage exits with code 2 and a message on standard error, an object with --json', () => {
  it.each([
    [['strat'], 'unknown command "strat": did you mean start?'],
    [['token', 'creat'], 'unknown command "creat": did you mean create?'],
    [['backup', 'veryfy'], 'unknown command "veryfy": did you mean verify?'],
    [['token'], 'give one of the commands create, list, revoke'],
    [['archive', '--jsno'], "unknown option '--jsno'\n(Did you mean --json?)"],
    [['--confg', 'x'], "unknown option '--confg'\n(Did you mean --config?)"],
    [['user', 'list', '--roel=admin'], "unknown option '--roel=admin'"],
    [['token', 'list', '--config'], "option '--config <file>' argument missing"],
    [['backfill', '--from', 'duckdb'], "required option '--to <store>' not specified"],
    [['migrate', 'csv', '/old'], 'must be one of records, sessions, influxdb, home-assistant'],
    [['restore'], "missing required argument 'backup'"],
    [
      ['restore', 'x.backup', '--at', 'noon'],
      "option '--at <time>' argument 'noon' is invalid. It must be an ISO 8601",
    ],
    [['device', 'retire', 'roof', '--at', '25:00'], "argument '25:00' is invalid"],
    [['export', 'a.csv', 'b.csv'], 'too many arguments'],
    [['import', 'a.csv'], 'import needs --mapping FILE'],
  ])('%j', async (argv, message) => {
    const { run } = place();
    const plain = await run(...argv);
    expect(plain).toMatchObject({ code: 2, out: '', errors: expect.stringContaining(message) });
    expect(plain.errors).toMatch(/\n\nUsage: npm start -- .*\n\nSee: npm start -- .*--help$/);
    const json = await run('--json', ...argv).then((first) =>
      argv[0]?.startsWith('-') ? first : run(...argv, '--json'),
    );
    if (argv.at(-1) === '--config') return;
    expect(json.json()).toEqual({ error: { code: 'usage', message: expect.stringContaining(message) } });
  });
});

describe('a failure', () => {
  it('exits with code 1 and a message on standard error, an object with --json', async () => {
    const { run } = place();
    const plain = await run('user', 'remove', 'nobody');
    expect(plain).toMatchObject({ code: 1, out: '', errors: expect.stringContaining('no user with the id or name') });
    const { code, json } = await run('user', 'remove', 'nobody', '--json');
    expect(code).toBe(1);
    expect(json()).toEqual({ error: { code: 'not_found', message: expect.stringContaining('nobody') } });
  });
});

describe('Ctrl-C', () => {
  it('ends a command that is waiting for the service, with exit code 130', async () => {
    const asked = Promise.withResolvers<void>();
    const url = await listening(() => asked.resolve());
    const ended = place().run('user', 'list', '--url', url, '--token', 'x', '--json');
    await asked.promise;
    process.emit('SIGINT', 'SIGINT');
    const { code, json, errors } = await ended;
    expect([code, errors]).toEqual([130, 'Wattkeeper was interrupted by SIGINT.']);
    expect(json().error.code).toBe('interrupted');
  });

  it('cancels the service job that the command is waiting for', async () => {
    const id = '0198c0de-0000-7000-8000-000000000000';
    const times = { created_at: '2026-03-01T00:00:00.000Z', started_at: '2026-03-01T00:00:00.000Z', finished_at: null };
    const job = {
      id,
      name: 'backup',
      state: 'running',
      progress: 0.5,
      message: null,
      result: null,
      error: null,
      ...times,
    };
    const requests: string[] = [];
    const url = await listening(({ method, url: path }, reply) => {
      requests.push(`${method} ${path}`);
      reply.setHeader('content-type', 'application/json').end(JSON.stringify({ ...job, params: {}, started_by: null }));
      if (method === 'GET') process.emit('SIGTERM', 'SIGTERM');
    });
    const { code } = await place().run('backup', '--url', url, '--token', 'x');
    expect(code).toBe(143);
    expect(requests).toEqual(['POST /api/v1/storage/backups', `GET /api/v1/jobs/${id}`, `DELETE /api/v1/jobs/${id}`]);
  });

  it('interrupts an import into the data folder; the next run continues where it stopped', async () => {
    const { file, run } = place();
    const rows = Array.from({ length: 15_000 }, (_, i) => `${new Date(START + i * MINUTE_MS).toISOString()},${i % 10}`);
    const csv = file('load.csv', `at,load\n${rows.join('\n')}\n`);
    const mapping = file(
      'mapping.yaml',
      'device: House\ntimestamp: { column: at }\ncolumns: { load: { metric: load.power_kw } }',
    );
    const argv = ['import', csv, '--mapping', mapping, '--json'];
    const { isTTY } = process.stderr;
    process.stderr.isTTY = true;
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      if (String(text).includes('Importing')) process.emit('SIGINT', 'SIGINT');
      return true;
    });
    const stopped = await run(...argv);
    write.mockRestore();
    process.stderr.isTTY = isTTY;
    expect([stopped.code, stopped.json().error.code]).toEqual([130, 'interrupted']);
    const resumed = (await run(...argv)).json();
    expect(resumed).toMatchObject({ already_there: 10_000, accepted: 5_000 });
  });

  it('ends the process immediately if no cleanup is needed', async () => {
    const { environment } = place();
    const child = spawn(process.execPath, [MAIN, 'user', 'add', 'ann', '--password-file', '-'], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin.write('long enough');
    await once(child, 'spawn');
    child.kill('SIGINT');
    const [code, signal] = await once(child, 'exit');
    expect([code, signal]).toEqual([null, 'SIGINT']);
  });
});

it('loads only the requested command, without other commands, the service, the stores or endpoint schemas', async () => {
  const hooks = `import { registerHooks } from 'node:module';
    registerHooks({ load: (url, context, next) => (console.error(url), next(url, context)) });`;
  const imported = `data:text/javascript,${encodeURIComponent(hooks)}`;
  const loaded = async (...argv: string[]) => {
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', imported, MAIN, ...argv, '--help'], {
      env: { PATH: process.env.PATH },
    });
    const files = stderr.split('\n').flatMap((url) => /\/server\/src\/(.*)\.ts$/.exec(url)?.[1] ?? []);
    const commands = files
      .flatMap((path) => /^cli\/(.*)/.exec(path)?.[1] ?? [])
      .filter((name) => COMMANDS.includes(name));
    return {
      commands,
      heavy: files.filter((path) =>
        /^(app$|assembly\/|storage\/(duckdb|postgres|influxdb)\/(?!\w+-options$))/.test(path),
      ),
      endpoints: stderr.match(/contract\/src\/endpoints\/.*/g),
    };
  };
  for (const argv of [[], ['token'], ['migrate']])
    expect(await loaded(...argv)).toEqual({ commands: argv, heavy: [], endpoints: null });
});
