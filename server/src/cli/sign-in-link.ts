import { parseArgs } from 'node:util';
import { SECOND_MS } from '../domain/window.ts';
import { SIGN_IN_CODE_MS } from '../features/auth/auth-service.ts';
import { type AccountContext, runAccountCommand, signInLink, UsageError } from './account-context.ts';

const HELP = `Prints a link that signs in once and is good for 15 minutes.

Usage: npm start -- sign-in-link [--user NAME] [--config FILE] [--json]

  --user NAME    whom it signs in; default: the first administrator, who is made when there is no user
  --config FILE  configuration to read instead of wattkeeper.yaml
  --json         print one JSON object: {"url", "username", "expires_in_s"}
  --help         this text`;

/** `sign-in-link`: a fresh one-time link. Answers the exit code. */
export function signInLinkCommand(argv: readonly string[], context: AccountContext): Promise<number> {
  return runAccountCommand(argv, HELP, context, async () => {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { user: { type: 'string' }, config: { type: 'string' }, json: { type: 'boolean' } },
    });
    if (positionals.length > 0) throw new UsageError(`sign-in-link takes no ${positionals.join(' ')}`);
    const user = values.user === undefined ? null : await context.auth.users.require(values.user);
    const url = signInLink(context.baseUrl, await context.auth.createSignInCode(user?.id ?? null));
    return {
      lines: [`Sign in once, within 15 minutes:`, `  ${url}`],
      json: { url, username: user?.username ?? null, expires_in_s: SIGN_IN_CODE_MS / SECOND_MS },
    };
  });
}
