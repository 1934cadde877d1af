import { parseArgs } from 'node:util';
import {
  type AccountContext,
  type CommandResult,
  onlyArgument,
  runAccountCommand,
  secretFrom,
  UsageError,
  unknownAction,
} from './account-context.ts';

const HELP = `Manages the users.

Usage: npm start -- user ACTION [OPTIONS]

  add NAME [--role ROLE] [--password-file FILE]   default role: viewer; without a password a sign-in link is printed
  list
  remove NAME                                     sessions and tokens of the user end
  set-password NAME --password-file FILE          other sessions of the user end
  set-role NAME --role ROLE

  --role ROLE           viewer (reads), analyst (writes), operator (controls devices) or admin
  --password-file FILE  its first line is the password; - reads it from standard input
  --url URL             of a running service; default: the one that runs on this machine, which lets its user in
  --token TOKEN         API token with the scope admin for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE         configuration to read instead of wattkeeper.yaml
  --json                print one JSON object with the result
  --help                this text`;

const ACTIONS = ['add', 'list', 'remove', 'set-password', 'set-role'];

interface Values {
  readonly role?: string | undefined;
  readonly 'password-file'?: string | undefined;
}

/** `user add|list|remove|set-password|set-role`. Answers the exit code. */
export function userCommand(argv: readonly string[], context: AccountContext): Promise<number> {
  return runAccountCommand(argv, HELP, context, async () => {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        role: { type: 'string' },
        'password-file': { type: 'string' },
        url: { type: 'string' },
        token: { type: 'string' },
        config: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
    const [action, ...names] = positionals;
    switch (action) {
      case 'list':
        return list(context);
      case 'add':
        return add(context, onlyArgument('name', names), values);
      case 'remove':
        return remove(context, onlyArgument('name', names));
      case 'set-password':
        return setPassword(context, onlyArgument('name', names), values);
      case 'set-role':
        return setRole(context, onlyArgument('name', names), values);
      default:
        throw unknownAction(action, ACTIONS);
    }
  });
}

async function list({ accounts }: AccountContext): Promise<CommandResult> {
  const users = await accounts((of) => of.users());
  const lines = users.map(
    (user) =>
      `${user.username.padEnd(24)} ${user.role.padEnd(9)} ${user.has_password ? 'password' : 'link only'}  since ${user.created_at}`,
  );
  return {
    lines: lines.length > 0 ? lines : ['There is no user yet: sign-in-link makes the first one.'],
    json: { users },
  };
}

async function add({ accounts }: AccountContext, username: string, values: Values): Promise<CommandResult> {
  const file = values['password-file'];
  const password = file === undefined ? null : secretFrom(file);
  return accounts(async (of) => {
    const user = await of.addUser({ username, role: values.role ?? 'viewer', password });
    const said = `Added ${user.username} as ${user.role}.`;
    if (password !== null) return { lines: [said], json: { user } };
    const { url } = await of.createLink(user.id);
    return {
      lines: [said, 'They sign in once, within 15 minutes, with', `  ${url}`],
      json: { user, sign_in_link: url },
    };
  });
}

async function remove({ accounts }: AccountContext, name: string): Promise<CommandResult> {
  const user = await accounts((of) => of.removeUser(name));
  return { lines: [`Removed ${user.username}.`], json: { removed: user } };
}

async function setPassword({ accounts }: AccountContext, name: string, values: Values): Promise<CommandResult> {
  const file = values['password-file'];
  if (file === undefined) throw new UsageError('set-password needs --password-file FILE, or - for standard input');
  const password = secretFrom(file);
  const user = await accounts((of) => of.changeUser(name, { password }));
  return { lines: [`${user.username} has a new password; their sessions have ended.`], json: { user } };
}

async function setRole({ accounts }: AccountContext, name: string, { role }: Values): Promise<CommandResult> {
  if (role === undefined) throw new UsageError('set-role needs --role ROLE');
  const user = await accounts((of) => of.changeUser(name, { role }));
  return { lines: [`${user.username} is ${user.role} now.`], json: { user } };
}
