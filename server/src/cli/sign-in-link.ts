import { withAccounts } from './accounts.ts';
import { type CommandDefinition, serviceCommand } from './command.ts';

export const signInLink: CommandDefinition = (run) =>
  serviceCommand('sign-in-link', 'the scope admin')
    .description('Prints a link that signs in once and is valid for 15 minutes, also while the service is stopped.')
    .option('--user <name>', 'whom it signs in; default: the first administrator, who is made when there is no user')
    .action(({ user = null }, command) =>
      run(command, async (invocation) => {
        const link = await withAccounts(invocation, (accounts) => accounts.createLink(user));
        return { lines: ['Sign in once, within 15 minutes:', `  ${link.url}`], json: link };
      }),
    );
