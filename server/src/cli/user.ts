import { readFileSync } from 'node:fs';
import { Role } from '@wattkeeper/contract/access/auth.ts';
import { InvalidInput, messageOf } from '../domain/errors.ts';
import { withAccounts } from './accounts.ts';
import { by, type CommandDefinition, type Result, serviceCommand } from './command.ts';
import type { Invocation } from './invocation.ts';

const ROLE_HELP = 'viewer (reads), analyst (writes), operator (controls devices) or admin';
const PASSWORD_HELP = 'its first line is the password; - reads it from standard input';
const role = by(Role);

export const user: CommandDefinition = (run) => {
  const users = serviceCommand('user', 'the scope admin').description(
    'Manages the users, also while the service is stopped.',
  );

  users
    .command('add')
    .description('Add a user. Without a password, a sign-in link is printed.')
    .argument('<name>', 'name of the user')
    .option('--role <role>', ROLE_HELP, role, 'viewer' as const)
    .option('--password-file <file>', PASSWORD_HELP)
    .action((username, { role: given, passwordFile }, command) =>
      run(command, (invocation) => add(invocation, username, given, passwordFile)),
    );

  users
    .command('list')
    .description('List the users.')
    .action((_, command) => run(command, list));

  users
    .command('remove')
    .description('Remove a user; their sessions and tokens end.')
    .argument('<name>', 'name of the user')
    .action((name, _, command) =>
      run(command, async (invocation) => {
        const removed = await withAccounts(invocation, (accounts) => accounts.removeUser(name));
        return { lines: [`Removed ${removed.username}.`], json: { removed } };
      }),
    );

  users
    .command('set-password')
    .description('Set the password of a user; their sessions end.')
    .argument('<name>', 'name of the user')
    .requiredOption('--password-file <file>', PASSWORD_HELP)
    .action((name, { passwordFile }, command) =>
      run(command, async (invocation) => {
        const password = secretFrom(passwordFile);
        const changed = await withAccounts(invocation, (accounts) => accounts.changeUser(name, { password }));
        return {
          lines: [`${changed.username} has a new password; their sessions have ended.`],
          json: { user: changed },
        };
      }),
    );

  users
    .command('set-role')
    .description('Set the role of a user.')
    .argument('<name>', 'name of the user')
    .requiredOption('--role <role>', ROLE_HELP, role)
    .action((name, change, command) =>
      run(command, async (invocation) => {
        const changed = await withAccounts(invocation, (accounts) => accounts.changeUser(name, { role: change.role }));
        return { lines: [`${changed.username} is now ${changed.role}.`], json: { user: changed } };
      }),
    );

  return users;
};

async function add(
  invocation: Invocation,
  username: string,
  given: Role,
  passwordFile: string | undefined,
): Promise<Result> {
  const password = passwordFile === undefined ? null : secretFrom(passwordFile);
  return withAccounts(invocation, async (accounts) => {
    const added = await accounts.addUser({ username, role: given, password });
    const line = `Added ${added.username} as ${added.role}.`;
    if (password !== null) return { lines: [line], json: { user: added } };
    const { url } = await accounts.createLink(added.id);
    const lines = [line, 'They sign in once, within 15 minutes, with', `  ${url}`];
    return { lines, json: { user: added, sign_in_link: url } };
  });
}

async function list(invocation: Invocation): Promise<Result> {
  const all = await withAccounts(invocation, (accounts) => accounts.users());
  const lines = all.map(
    ({ username, role: has, has_password: hasPassword, created_at: since }) =>
      `${username.padEnd(24)} ${has.padEnd(9)} ${hasPassword ? 'password' : 'link only'}  since ${since}`,
  );
  const none = ['There is no user yet: sign-in-link makes the first one.'];
  return { lines: lines.length > 0 ? lines : none, json: { users: all } };
}

/** The first line of a file, or of standard input for `-`. A secret on the command line would be visible to all users of the machine. */
function secretFrom(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/)[0]!;
  } catch (error) {
    throw new InvalidInput(`the password cannot be read from ${file}: ${messageOf(error)}`, { cause: error });
  }
}
