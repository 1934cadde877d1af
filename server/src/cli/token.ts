import { parseArgs } from 'node:util';
import { Scope } from '@wattkeeper/contract/auth.ts';
import { formatInstant, Name } from '@wattkeeper/contract/common.ts';
import { HOUR_MS, UTC_DAY_MS } from '../domain/window.ts';
import type { ApiTokenRecord } from '../storage/records/api-tokens.ts';
import {
  type AccountContext,
  COMMAND_LINE,
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

  --scope SCOPE      read, write, control or admin; also several with commas
  --expires-in TIME  such as 12h, 90d, 8w or 1y; default: never
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
const LONGEST_MS = 100 * 365 * UTC_DAY_MS;

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

async function create({ auth }: AccountContext, values: Values, now: number): Promise<CommandResult> {
  const name = Name.safeParse(values.name ?? '');
  if (!name.success) throw new UsageError('create needs --name NAME, of 1 to 200 characters');
  const scopes = scopesOf(values.scope ?? []);
  const expiresIn = values['expires-in'];
  const expiresAt = expiresIn === undefined ? null : now + durationMs(expiresIn);
  const { record, token } = await auth.tokens.create({ name: name.data, scopes, expiresAt }, COMMAND_LINE);
  const until = record.expiresAt === null ? 'does not expire' : `expires ${formatInstant(record.expiresAt)}`;
  return {
    lines: [`Made the token "${record.name}" (${scopes.join(', ')}; ${until}). It is shown only now:`, `  ${token}`],
    json: { ...toJson(record), token },
  };
}

async function list({ auth }: AccountContext, now: number): Promise<CommandResult> {
  const records = await auth.tokens.list(COMMAND_LINE);
  const lines = records.map((record) => {
    const used = record.lastUsedAt === null ? 'never used' : `used ${formatInstant(record.lastUsedAt)}`;
    return `${record.name.padEnd(24)} ${record.scopes.join(',').padEnd(26)} ${expiryOf(record, now)}, ${used}`;
  });
  return { lines: lines.length > 0 ? lines : ['There is no token.'], json: { tokens: records.map(toJson) } };
}

async function revoke({ auth }: AccountContext, name: string): Promise<CommandResult> {
  const token = await auth.tokens.revoke(name, COMMAND_LINE);
  return { lines: [`Revoked the token "${token.name}".`], json: { revoked: toJson(token) } };
}

function scopesOf(given: readonly string[]): Scope[] {
  const names = given.flatMap((text) => text.split(',')).filter((text) => text !== '');
  const wrong = names.find((name) => !Scope.safeParse(name).success);
  if (names.length > 0 && wrong === undefined) return names.map((name) => Scope.parse(name));
  throw new UsageError(`--scope must be one or more of ${Scope.options.join(', ')}; got ${wrong ?? 'none'}`);
}

function durationMs(text: string): number {
  const [, count, unit] = /^(\d{1,5})([hdwy])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS.get(unit ?? '') ?? Number.NaN);
  if (ms > 0 && ms <= LONGEST_MS) return ms;
  throw new UsageError(`--expires-in must be a time such as 12h, 90d, 8w or 1y, at most 100y; got ${text}`);
}

function expiryOf({ expiresAt }: ApiTokenRecord, now: number): string {
  if (expiresAt === null) return 'does not expire';
  return `${expiresAt <= now ? 'expired' : 'expires'} ${formatInstant(expiresAt)}`;
}

function toJson(token: ApiTokenRecord) {
  return {
    id: token.id,
    name: token.name,
    scopes: token.scopes,
    created_at: formatInstant(token.createdAt),
    expires_at: token.expiresAt === null ? null : formatInstant(token.expiresAt),
    last_used_at: token.lastUsedAt === null ? null : formatInstant(token.lastUsedAt),
  };
}
