import { parseArgs } from 'node:util';
import { type ApiToken, GrantableScope } from '@wattkeeper/contract/access/auth.ts';
import { formatInstant, Name, parseInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import {
  type AccountContext,
  type CommandResult,
  onlyArgument,
  runAccountCommand,
  UsageError,
  unknownAction,
} from './account-context.ts';

const HELP = `Manages API tokens, which programs send as "Authorization: Bearer TOKEN".

Usage: npm start -- token ACTION [OPTIONS]

  create --name NAME --scope SCOPE [--scope SCOPE …] [--expires-in TIME]   the token is shown once
  list
  revoke NAME

  --scope SCOPE      read, write or admin; also several with commas
  --expires-in TIME  such as 12h, 90d, 8w or 1y; default: never
  --url URL          of a running service; default: the one that runs on this machine, which lets its user in
  --token TOKEN      API token with the scope admin for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE      configuration to read instead of wattkeeper.yaml
  --json             print one JSON object with the result
  --help             this text`;

const ACTIONS = ['create', 'list', 'revoke'];
const UNIT_MS = new Map(
  Object.entries({
    h: HOUR_MS,
    d: UTC_DAY_MS,
    w: 7 * UTC_DAY_MS,
    y: 365 * UTC_DAY_MS,
  }),
);
const MAX_LIFE_MS = 100 * 365 * UTC_DAY_MS;

interface Values {
  readonly name?: string | undefined;
  readonly scope?: readonly string[] | undefined;
  readonly 'expires-in'?: string | undefined;
}

/** `token create|list|revoke`. Answers the exit code. */
export function tokenCommand(
  argv: readonly string[],
  context: AccountContext,
  now: () => number = Date.now,
): Promise<number> {
  return runAccountCommand(argv, HELP, context, async () => {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        scope: { type: 'string', multiple: true },
        'expires-in': { type: 'string' },
        url: { type: 'string' },
        token: { type: 'string' },
        config: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
    const [action, ...names] = positionals;
    switch (action) {
      case 'create':
        if (names.length > 0) throw new UsageError(`create takes the name as --name; got ${names.join(' ')}`);
        return create(context, values, now());
      case 'list':
        return list(context, now());
      case 'revoke':
        return revoke(context, onlyArgument('name', names));
      default:
        throw unknownAction(action, ACTIONS);
    }
  });
}

async function create({ accounts }: AccountContext, values: Values, now: number): Promise<CommandResult> {
  const name = Name.safeParse(values.name ?? '');
  if (!name.success) throw new UsageError('create needs --name NAME, of 1 to 200 characters');
  const scopes = scopesOf(values.scope ?? []);
  const expiresIn = values['expires-in'];
  const expiresAt = expiresIn === undefined ? null : now + durationMs(expiresIn);
  const made = await accounts((of) =>
    of.createToken({ name: name.data, scopes, expires_at: expiresAt === null ? null : formatInstant(expiresAt) }),
  );
  const until = made.expires_at === null ? 'does not expire' : `expires ${made.expires_at}`;
  return {
    lines: [`Made the token "${made.name}" (${scopes.join(', ')}; ${until}). It is shown only now:`, `  ${made.token}`],
    json: made,
  };
}

async function list({ accounts }: AccountContext, now: number): Promise<CommandResult> {
  const tokens = await accounts((of) => of.tokens());
  const lines = tokens.map((token) => {
    const used = token.last_used_at === null ? 'never used' : `used ${token.last_used_at}`;
    return `${token.name.padEnd(24)} ${token.scopes.join(',').padEnd(26)} ${expiryOf(token, now)}, ${used}`;
  });
  return { lines: lines.length > 0 ? lines : ['There is no token.'], json: { tokens } };
}

async function revoke({ accounts }: AccountContext, name: string): Promise<CommandResult> {
  const token = await accounts((of) => of.revokeToken(name));
  return { lines: [`Revoked the token "${token.name}".`], json: { revoked: token } };
}

function scopesOf(given: readonly string[]): GrantableScope[] {
  const names = given.flatMap((text) => text.split(',')).filter((text) => text !== '');
  if (names.length === 0)
    throw new UsageError(`--scope must be one or more of ${GrantableScope.options.join(', ')}; got none`);
  return names.map((name) => {
    const scope = GrantableScope.safeParse(name);
    if (scope.success) return scope.data;
    throw new UsageError(`--scope ${scope.error.issues[0]!.message}`);
  });
}

function durationMs(text: string): number {
  const [, count, unit] = /^(\d{1,5})([hdwy])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS.get(unit ?? '') ?? Number.NaN);
  if (ms > 0 && ms <= MAX_LIFE_MS) return ms;
  throw new UsageError(`--expires-in must be a time such as 12h, 90d, 8w or 1y, at most 100y; got ${text}`);
}

function expiryOf({ expires_at: at }: ApiToken, now: number): string {
  if (at === null) return 'does not expire';
  return `${parseInstant(at) <= now ? 'expired' : 'expires'} ${at}`;
}
