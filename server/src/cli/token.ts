import { InvalidArgumentError } from '@commander-js/extra-typings';
import { type ApiToken, GrantableScope } from '@wattkeeper/contract/access/auth.ts';
import { formatInstant, Name, parseInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { withAccounts } from './accounts.ts';
import { by, type CommandDefinition, serviceCommand } from './command.ts';

const UNIT_MS = new Map([
  ['h', HOUR_MS],
  ['d', UTC_DAY_MS],
  ['w', 7 * UTC_DAY_MS],
  ['y', 365 * UTC_DAY_MS],
]);
const MAX_LIFETIME_MS = 100 * 365 * UTC_DAY_MS;
const EXAMPLE = `
Example:
  npm start -- token create --name telegraf --scope read,write --expires-in 90d`;

export const token: CommandDefinition = (run) => {
  const tokens = serviceCommand('token', 'the scope admin')
    .description(
      'Manages API tokens, which programs send as "Authorization: Bearer TOKEN", also while the service is stopped.',
    )
    .addHelpText('after', EXAMPLE);

  tokens
    .command('create')
    .description('Create a token. It is shown only once.')
    .requiredOption('--name <name>', 'name of the token', by(Name))
    .requiredOption(
      '--scope <scope>',
      `${GrantableScope.options.join(', ')}; several with commas, or as several options`,
      scopesOf,
    )
    .option('--expires-in <time>', 'such as 12h, 90d, 8w or 1y; default: never', durationMs)
    .addHelpText('after', EXAMPLE)
    .action(({ name, scope: scopes, expiresIn }, command) =>
      run(command, async (invocation) => {
        const expires_at = expiresIn === undefined ? null : formatInstant(Date.now() + expiresIn);
        const made = await withAccounts(invocation, (accounts) => accounts.createToken({ name, scopes, expires_at }));
        const until = made.expires_at === null ? 'does not expire' : `expires ${made.expires_at}`;
        const line = `Made the token "${made.name}" (${scopes.join(', ')}; ${until}). It is shown only now:`;
        return { lines: [line, `  ${made.token}`], json: made };
      }),
    );

  tokens
    .command('list')
    .description('List the tokens.')
    .action((_, command) =>
      run(command, async (invocation) => {
        const all = await withAccounts(invocation, (accounts) => accounts.tokens());
        const lines = all.length > 0 ? all.map(describe) : ['There is no token.'];
        return { lines, json: { tokens: all } };
      }),
    );

  tokens
    .command('revoke')
    .description('Revoke a token.')
    .argument('<name>', 'name of the token')
    .action((name, _, command) =>
      run(command, async (invocation) => {
        const revoked = await withAccounts(invocation, (accounts) => accounts.revokeToken(name));
        return { lines: [`Revoked the token "${revoked.name}".`], json: { revoked } };
      }),
    );

  return tokens;
};

function describe({ name, scopes, expires_at: at, last_used_at: usedAt }: ApiToken): string {
  const expiry = at === null ? 'does not expire' : `${parseInstant(at) <= Date.now() ? 'expired' : 'expires'} ${at}`;
  const used = usedAt === null ? 'never used' : `used ${usedAt}`;
  return `${name.padEnd(24)} ${scopes.join(',').padEnd(26)} ${expiry}, ${used}`;
}

function scopesOf(text: string, before: GrantableScope[] | undefined): GrantableScope[] {
  return [...(before ?? []), ...text.split(',').map(by(GrantableScope))];
}

function durationMs(text: string): number {
  const [, count, unit] = /^(\d{1,5})([hdwy])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS.get(unit ?? '') ?? Number.NaN);
  if (ms > 0 && ms <= MAX_LIFETIME_MS) return ms;
  throw new InvalidArgumentError('It must be a time such as 12h, 90d, 8w or 1y, at most 100y.');
}
