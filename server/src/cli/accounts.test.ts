import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCommand } from '../../test/command.ts';
import { securedServer } from '../../test/records/secured-app.ts';
import { temporaryRecords } from '../../test/records/temporary-records.ts';
import { loadConfig } from '../config/load.ts';
import { recordsLocation } from '../config/records-location.ts';
import { authRoutes } from '../features/auth/routes.ts';
import { newSecret } from '../features/auth/secrets.ts';
import { AuthService } from '../features/auth/service.ts';
import { openRecords } from '../storage/records/record-store.ts';

type Environment = Readonly<Record<string, string>>;

/** A target of commands: its options, and access to the same accounts for the test. */
interface Place {
  readonly options: readonly string[];
  readonly accounts: <T>(use: (auth: AuthService) => Promise<T>) => Promise<T>;
}

const PLACES = {
  'a stopped service': async (environment) => ({
    options: [],
    accounts: async (use) => {
      const records = await openRecords(recordsLocation(loadConfig({ environment })));
      try {
        return await use(new AuthService({ records }));
      } finally {
        await records.close();
      }
    },
  }),
  'a running service': async () => {
    const token = newSecret();
    const auth = new AuthService({ records: await temporaryRecords(), localToken: token });
    const server = await securedServer(auth, { apiRoutes: (api) => authRoutes(api, auth) });
    onTestFinished(() => server.close());
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    return { options: ['--url', url, '--token', token], accounts: (use) => use(auth) };
  },
} satisfies Record<string, (environment: Environment) => Promise<Place>>;

/** A command line with new, empty records. */
async function commandLine(name: keyof typeof PLACES) {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const environment = { XDG_RUNTIME_DIR: folder, WATTKEEPER_DATA_DIR: data, WATTKEEPER_HTTP__PORT: '0' };
  const { options, accounts } = await PLACES[name](environment);
  return { accounts, run: (...argv: string[]) => runCommand(environment, ...argv, ...options) };
}

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'wattkeeper-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function passwordFile(password: string): string {
  const path = join(temporaryFolder(), 'password');
  writeFileSync(path, `${password}\n`);
  return path;
}

describe.each(Object.keys(PLACES) as (keyof typeof PLACES)[])('sign-in-link of %s', (place) => {
  it('prints a link with which the first administrator signs in', async () => {
    const { accounts, run } = await commandLine(place);
    const { code, out } = await run('sign-in-link');
    expect(code).toBe(0);
    const link = /http:\/\/127\.0\.0\.1:\d+\/ui\/sign-in\?code=(\S+)/.exec(out)?.[1] ?? '';
    expect((await accounts((auth) => auth.signInWithCode(link))).user).toMatchObject({
      username: 'owner',
      role: 'admin',
    });
  });

  it('is for the specified user', async () => {
    const { accounts, run } = await commandLine(place);
    await accounts((auth) => auth.users.create({ username: 'ann', password: null, role: 'viewer' }, 'test'));
    const link = (await run('sign-in-link', '--user', 'ann', '--json')).json();
    expect(link).toMatchObject({ username: 'ann', expires_in_s: 900 });
    expect((await accounts((auth) => auth.signInWithCode(link.url.split('=')[1]))).user.username).toBe('ann');
    const unknown = await run('sign-in-link', '--user', 'bob', '--json');
    expect(unknown.code).toBe(1);
    expect(unknown.json()).toMatchObject({ error: { code: 'not_found', message: expect.stringContaining('"bob"') } });
  });
});

describe.each(Object.keys(PLACES) as (keyof typeof PLACES)[])('user of %s', (place) => {
  it('adds, lists, changes and removes users', async () => {
    const { accounts, run } = await commandLine(place);
    expect((await run('user', 'list')).out).toContain('no user yet');
    expect((await run('user', 'add', 'ann', '--role', 'admin')).out).toMatch(/Added ann as admin[\s\S]*code=/);
    const file = passwordFile('correct horse battery');
    expect((await run('user', 'add', 'bob', '--password-file', file)).out).toBe('Added bob as viewer.');
    expect(
      (await accounts((auth) => auth.signInWithPassword('bob', 'correct horse battery', 'here'))).user.username,
    ).toBe('bob');
    expect((await run('user', 'set-role', 'bob', '--role', 'operator', '--json')).json().user.role).toBe('operator');
    const other = passwordFile('another password');
    expect((await run('user', 'set-password', 'bob', '--password-file', other)).code).toBe(0);
    await accounts((auth) => auth.signInWithPassword('bob', 'another password', 'here'));
    expect((await run('user', 'remove', 'bob')).out).toBe('Removed bob.');
    expect((await run('user', 'list', '--json')).json().users).toMatchObject([{ username: 'ann' }]);
  });

  it('explains why a change is rejected', async () => {
    const { run } = await commandLine(place);
    await run('user', 'add', 'ann', '--role', 'admin');
    const expectations: [string[], number, RegExp][] = [
      [['remove', 'ann'], 1, /last administrator/],
      [['set-role', 'ann', '--role', 'viewer'], 1, /last administrator/],
      [['add', 'ann'], 1, /already exists/],
      [['add', 'Ann!'], 1, /lower-case letters.*"Ann!"/],
      [['add', 'bob', '--role', 'king'], 2, /role.*king.*viewer, analyst, operator, admin/],
      [['add', 'bob', '--password-file', passwordFile('short')], 1, /10 to 500 characters/],
      [['add', 'bob', '--password-file', '/nowhere/password'], 1, /cannot be read from \/nowhere/],
      [['remove', 'nobody'], 1, /no user with the id or name "nobody"/],
      [['add'], 2, /missing required argument 'name'/],
      [['set-role', 'ann'], 2, /required option '--role/],
      [['set-password', 'ann'], 2, /--password-file/],
      [['rename', 'ann'], 2, /unknown command "rename".*add, list, remove/],
      [['list', '--colour'], 2, /--colour[\s\S]*Usage/],
    ];
    for (const [argv, code, message] of expectations) {
      const answer = await run('user', ...argv);
      expect(answer.code, argv.join(' ')).toBe(code);
      expect(answer.errors).toMatch(message);
      expect(answer.errors).not.toContain('short');
    }
  });
});

describe.each(Object.keys(PLACES) as (keyof typeof PLACES)[])('token of %s', (place) => {
  it('creates a token that is valid until it is revoked', async () => {
    const { accounts, run } = await commandLine(place);
    const argv = ['create', '--name', 'telegraf', '--scope', 'read,write', '--scope', 'admin', '--expires-in', '90d'];
    const made = (await run('token', ...argv, '--json')).json();
    expect(made).toMatchObject({ name: 'telegraf', scopes: ['read', 'write', 'admin'] });
    expect(Date.parse(made.expires_at) - Date.parse(made.created_at)).toBeCloseTo(90 * 86_400_000, -4);
    const use = () => accounts((auth) => auth.authenticate({ authorization: `Bearer ${made.token}` }, {}));
    expect(await use()).toMatchObject({ name: 'token:telegraf', scopes: ['read', 'write', 'admin'] });
    const listed = await run('token', 'list');
    expect(listed.out).toMatch(/telegraf +read,write,admin +expires .*, used /);
    expect(listed.out).not.toContain(made.token);
    expect((await run('token', 'revoke', 'telegraf')).code).toBe(0);
    expect(await use()).toBeNull();
    expect((await run('token', 'revoke', 'telegraf')).code).toBe(1);
  });

  it('reports missing and invalid arguments, and shows its help', async () => {
    const { run } = await commandLine(place);
    const expectations: [string[], RegExp][] = [
      [['create', '--scope', 'read'], /required option '--name/],
      [['create', '--name', 'x'], /required option '--scope/],
      [['create', '--name', 'x', '--scope', 'root'], /'root' is invalid.*must be one of read, write, admin/],
      [['create', '--name', 'x', '--scope', 'control'], /control cannot be granted before devices can be controlled/],
      [['create', '--name', 'x', '--scope', 'read', '--expires-in', 'soon'], /soon.*12h, 90d, 8w or 1y/],
      [['create', 'x', '--scope', 'read'], /required option '--name/],
      [[], /create, list, revoke/],
    ];
    for (const [argv, message] of expectations) {
      const answer = await run('token', ...argv, '--json');
      expect(answer.code, argv.join(' ')).toBe(2);
      expect(answer.errors).toMatch(message);
      expect(answer.json().error.code).toBe('usage');
    }
    for (const command of ['token', 'user', 'sign-in-link']) {
      const help = await run(command, '--help');
      expect(help).toMatchObject({ code: 0, out: expect.stringContaining('Usage: npm start -- ') });
    }
  });
});
