import { readFileSync } from 'node:fs';
import { SCOPES_OF_ROLE } from '@wattkeeper/contract/auth.ts';
import { ExpectedError, InvalidInput, messageOf } from '../domain/errors.ts';
import type { AuthService } from '../features/auth/auth-service.ts';
import type { TokenMaker } from '../features/auth/token-administration.ts';
import type { RecordStore } from '../storage/records/record-store.ts';

/** What the commands about users, tokens and links work with. */
export interface AccountContext {
  readonly records: RecordStore;
  readonly auth: AuthService;
  /** Writes a line for people or programs to read. */
  readonly print: (line: string) => void;
  /** Writes a line about what went wrong. */
  readonly printError: (line: string) => void;
  /** Address of the service with its prefix, without a slash at the end: `http://127.0.0.1:8001`. */
  readonly baseUrl: string;
}

/** Who acts in the audit log; whoever can run commands on the machine may do everything. */
export const COMMAND_LINE: TokenMaker = { name: 'command line', scopes: SCOPES_OF_ROLE.admin, userId: null };

/** What a command has to say: lines for people, and the same as an object for programs. */
export interface CommandResult {
  readonly lines: readonly string[];
  readonly json: object;
}

/**
 * Runs a command and says what came of it; with `--json` the last line is one JSON object, also when it fails.
 *
 * @returns 0 when all of it worked, 1 when something is in the way, 2 when the command was not understood
 */
export async function runAccountCommand(
  argv: readonly string[],
  help: string,
  context: AccountContext,
  run: () => Promise<CommandResult>,
): Promise<number> {
  if (argv.some((argument) => argument === '--help' || argument === '-h')) {
    context.print(help);
    return 0;
  }
  const asJson = argv.includes('--json');
  try {
    const { lines, json } = await run();
    if (!asJson) for (const line of lines) context.print(line);
    else context.print(JSON.stringify(json));
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError || isParseError(error);
    if (!isUsage && !(error instanceof ExpectedError)) throw error;
    context.printError(isUsage ? `${messageOf(error)}\n\n${help}` : messageOf(error));
    const code = error instanceof ExpectedError ? error.code : 'invalid_input';
    if (asJson) context.print(JSON.stringify({ error: { code, message: messageOf(error) } }));
    return isUsage ? 2 : 1;
  }
}

/** The command line is not what the command's help describes. */
export class UsageError extends InvalidInput {}

/** The one argument that an action takes. */
export function onlyArgument(what: string, values: readonly string[]): string {
  const [value] = values;
  if (value === undefined || values.length > 1) {
    throw new UsageError(`give exactly one ${what}; got ${values.length === 0 ? 'none' : values.join(' ')}`);
  }
  return value;
}

/** An action that does not exist, with those that do. */
export function unknownAction(given: string | undefined, actions: readonly string[]): UsageError {
  return new UsageError(`the action must be one of ${actions.join(', ')}; got ${given ?? 'none'}`);
}

/** The first line of a file, or of standard input for `-`: a secret on the command line could be read by everyone on the machine. */
export function secretFrom(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/)[0] as string;
  } catch (error) {
    throw new InvalidInput(`the password cannot be read from ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** The page that signs in by itself. */
export function signInLink(baseUrl: string, code: string): string {
  return `${baseUrl.replace(/\/$/, '')}/ui/sign-in?code=${code}`;
}

function isParseError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
}
