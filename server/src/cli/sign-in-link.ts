import { parseArgs } from 'node:util';
import { type AccountContext, runAccountCommand, UsageError } from './account-context.ts';

const HELP = `Prints a link that signs in once and is good for 15 minutes.

Usage: npm start -- sign-in-link [--user NAME] [--url URL] [--token TOKEN] [--config FILE] [--json]

  --user NAME    whom it signs in; default: the first administrator, who is made when there is no user
  --url URL      of a running service; default: the one that runs on this machine, which lets its user in
  --token TOKEN  API token with the scope admin for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE  configuration to read instead of wattkeeper.yaml
  --json         print one JSON object: {"url", "username", "expires_in_s"}
  --help         this text`;

/** `sign-in-link`: a fresh one-time link. Answers the exit code. */
export function signInLinkCommand(argv: readonly string[], context: AccountContext): Promise<number> {
  return runAccountCommand(argv, HELP, context, async () => {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        user: { type: 'string' },
        url: { type: 'string' },
        token: { type: 'string' },
        config: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
    if (positionals.length > 0) throw new UsageError(`sign-in-link takes no ${positionals.join(' ')}`);
    const link = await context.accounts((of) => of.createLink(values.user ?? null));
    return { lines: [`Sign in once, within 15 minutes:`, `  ${link.url}`], json: link };
  });
}
