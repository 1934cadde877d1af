import { writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { securedServer } from '../../test/records/secured-app.ts';
import { temporaryDatabase, temporaryRecords } from '../../test/records/temporary-records.ts';
import { authRoutes } from '../features/auth/routes.ts';
import { newSecret } from '../features/auth/secrets.ts';
import { AuthService } from '../features/auth/service.ts';
import type { AccountContext, Accounts } from './account-context.ts';
import { accountsOfService } from './accounts-of-service.ts';
import { accountsOnRecords } from './accounts-on-records.ts';
import { signInLinkCommand } from './sign-in-link.ts';
import { tokenCommand } from './token.ts';
import { userCommand } from './user.ts';

type AccountCommand = (argv: readonly string[], context: AccountContext) => Promise<number>;

/** The accounts of a service that is stopped, and those of one that runs. */
const PLACES = {
  'a stopped service': async (auth: AuthService) => accountsOnRecords(auth, 'http://127.0.0.1:8001'),
  'a running service': async (auth: AuthService, token: string) => {
    const server = await securedServer(auth, { apiRoutes: (api) => authRoutes(api, auth) });
    onTestFinished(() => server.close());
    return accountsOfService({ url: await server.listen({ host: '127.0.0.1', port: 0 }), token });
  },
} satisfies Record<string, (auth: AuthService, token: string) => Promise<Accounts>>;

/** A command line on fresh records: runs a command, answers its exit code and what it wrote. */
async function commandLine(place: keyof typeof PLACES) {
  const records = await temporaryRecords();
  const localToken = newSecret();
  const auth = new AuthService({ records, localToken });
  const found = await PLACES[place](auth, localToken);
  const accounts: AccountContext['accounts'] = (use) => use(found);
  const run = async (command: AccountCommand, ...argv: string[]) => {
    const out: string[] = [];
    const errors: string[] = [];
    const print = (line: string) => out.push(line);
    const printError = (line: string) => errors.push(line);
    const code = await command(argv, { accounts, print, printError });
    const json = () => JSON.parse(out.at(-1) ?? '');
    return { code, out: out.join('\n'), errors: errors.join('\n'), json };
  };
  return { records, auth, run };
}

function passwordFile(password: string): string {
  const { path } = temporaryDatabase();
  writeFileSync(path, `${password}\n`);
  return path;
}

describe.each(Object.keys(PLACES) as (keyof typeof PLACES)[])('sign-in-link of %s', (place) => {
  it('prints a link that signs the first administrator in', async () => {
    const { auth, run } = await commandLine(place);
    const { code, out } = await run(signInLinkCommand);
    expect(code).toBe(0);
    const link = /http:\/\/127\.0\.0\.1:\d+\/ui\/sign-in\?code=(\S+)/.exec(out)?.[1] ?? '';
    expect((await auth.signInWithCode(link)).user).toMatchObject({ username: 'owner', role: 'admin' });
  });

  it('is for the user that is asked for', async () => {
    const { auth, run } = await commandLine(place);
    await auth.users.create({ username: 'ann', password: null, role: 'viewer' }, 'test');
    const link = (await run(signInLinkCommand, '--user', 'ann', '--json')).json();
    expect(link).toMatchObject({ username: 'ann', expires_in_s: 900 });
    expect((await auth.signInWithCode(link.url.split('=')[1])).user.username).toBe('ann');
    const unknown = await run(signInLinkCommand, '--user', 'bob', '--json');
    expect(unknown.code).toBe(1);
    expect(unknown.json()).toMatchObject({ error: { code: 'not_found', message: expect.stringContaining('"bob"') } });
  });
});

describe.each(Object.keys(PLACES) as (keyof typeof PLACES)[])('user of %s', (place) => {
  it('adds, lists, changes and removes', async () => {
    const { auth, run } = await commandLine(place);
    expect((await run(userCommand, 'list')).out).toContain('no user yet');
    expect((await run(userCommand, 'add', 'ann', '--role', 'admin')).out).toMatch(/Added ann as admin[\s\S]*code=/);
    const file = passwordFile('correct horse battery');
    expect((await run(userCommand, 'add', 'bob', '--password-file', file)).out).toBe('Added bob as viewer.');
    expect((await auth.signInWithPassword('bob', 'correct horse battery', 'here')).user.username).toBe('bob');
    expect((await run(userCommand, 'set-role', 'bob', '--role', 'operator', '--json')).json().user.role).toBe(
      'operator',
    );
    const other = passwordFile('another password');
    expect((await run(userCommand, 'set-password', 'bob', '--password-file', other)).code).toBe(0);
    await auth.signInWithPassword('bob', 'another password', 'here');
    expect((await run(userCommand, 'remove', 'bob')).out).toBe('Removed bob.');
    expect((await run(userCommand, 'list', '--json')).json().users).toMatchObject([{ username: 'ann' }]);
  });

  it('says what is in the way', async () => {
    const { run } = await commandLine(place);
    await run(userCommand, 'add', 'ann', '--role', 'admin');
    const expectations: [string[], number, RegExp][] = [
      [['remove', 'ann'], 1, /last administrator/],
      [['set-role', 'ann', '--role', 'viewer'], 1, /last administrator/],
      [['add', 'ann'], 1, /already there/],
      [['add', 'Ann!'], 1, /lower-case letters.*"Ann!"/],
      [['add', 'bob', '--role', 'king'], 1, /role.*king/],
      [['add', 'bob', '--password-file', passwordFile('short')], 1, /10 to 500 characters/],
      [['add', 'bob', '--password-file', '/nowhere/password'], 1, /cannot be read from \/nowhere/],
      [['remove', 'nobody'], 1, /no user with the id or name "nobody"/],
      [['add'], 2, /exactly one name; got none/],
      [['set-role', 'ann'], 2, /needs --role/],
      [['set-password', 'ann'], 2, /--password-file/],
      [['rename', 'ann'], 2, /must be one of add, list.*got rename/],
      [['list', '--colour'], 2, /--colour[\s\S]*Usage/],
    ];
    for (const [argv, code, message] of expectations) {
      const answer = await run(userCommand, ...argv);
      expect(answer.code, argv.join(' ')).toBe(code);
      expect(answer.errors).toMatch(message);
      expect(answer.errors).not.toContain('short');
    }
  });
});

describe.each(Object.keys(PLACES) as (keyof typeof PLACES)[])('token of %s', (place) => {
  it('makes one that works until it is revoked', async () => {
    const { auth, run } = await commandLine(place);
    const argv = ['create', '--name', 'telegraf', '--scope', 'read,write', '--scope', 'admin', '--expires-in', '90d'];
    const made = (await run(tokenCommand, ...argv, '--json')).json();
    expect(made).toMatchObject({ name: 'telegraf', scopes: ['read', 'write', 'admin'] });
    expect(Date.parse(made.expires_at) - Date.parse(made.created_at)).toBeCloseTo(90 * 86_400_000, -4);
    const use = () => auth.authenticate({ authorization: `Bearer ${made.token}` }, {});
    expect(await use()).toMatchObject({ name: 'token:telegraf', scopes: ['read', 'write', 'admin'] });
    const listed = await run(tokenCommand, 'list');
    expect(listed.out).toMatch(/telegraf +read,write,admin +expires .*, used /);
    expect(listed.out).not.toContain(made.token);
    expect((await run(tokenCommand, 'revoke', 'telegraf')).code).toBe(0);
    expect(await use()).toBeNull();
    expect((await run(tokenCommand, 'revoke', 'telegraf')).code).toBe(1);
  });

  it('says what is missing or wrong, and shows its help', async () => {
    const { run } = await commandLine(place);
    const expectations: [string[], RegExp][] = [
      [['create', '--scope', 'read'], /needs --name/],
      [['create', '--name', 'x'], /one or more of read, write, admin; got none/],
      [['create', '--name', 'x', '--scope', 'root'], /must be one of read, write, admin; got "root"/],
      [['create', '--name', 'x', '--scope', 'control'], /control cannot be granted before devices can be controlled/],
      [['create', '--name', 'x', '--scope', 'read', '--expires-in', 'soon'], /12h, 90d, 8w or 1y.*got soon/],
      [['create', 'x', '--scope', 'read'], /name as --name; got x/],
      [[], /got none/],
    ];
    for (const [argv, message] of expectations) {
      const answer = await run(tokenCommand, ...argv, '--json');
      expect(answer.code, argv.join(' ')).toBe(2);
      expect(answer.errors).toMatch(message);
      expect(answer.json().error.code).toBe('invalid_input');
    }
    for (const command of [tokenCommand, userCommand, signInLinkCommand]) {
      const help = await run(command, '--help');
      expect(help).toMatchObject({ code: 0, out: expect.stringContaining('Usage: npm start -- ') });
    }
  });
});
