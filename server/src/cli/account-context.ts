import { readFileSync } from 'node:fs';
import type { ApiToken, ApiTokenCreated, Scope, SignInLink, User } from '@wattkeeper/contract/access/auth.ts';
import { ExpectedError, InvalidInput, messageOf } from '../domain/errors.ts';

/** Users, tokens and links of a service that runs, or of one that is stopped. Names may be ids as well; expected errors are thrown. */
export interface Accounts {
  users(): Promise<readonly User[]>;
  /** @param user password null: signs in by links only */
  addUser(user: { username: string; role: string; password: string | null }): Promise<User>;
  changeUser(name: string, change: { role: string } | { password: string }): Promise<User>;
  removeUser(name: string): Promise<User>;
  tokens(): Promise<readonly ApiToken[]>;
  /** @param token expires_at as an instant; null: never */
  createToken(token: { name: string; scopes: Scope[]; expires_at: string | null }): Promise<ApiTokenCreated>;
  revokeToken(name: string): Promise<ApiToken>;
  /** @param username null: the first administrator, who is made when there is no user */
  createLink(username: string | null): Promise<SignInLink>;
}

/** What the commands about users, tokens and links work with. */
export interface AccountContext {
  /** Opens the accounts when the command line has been understood. */
  readonly accounts: <T>(use: (accounts: Accounts) => Promise<T>) => Promise<T>;
  /** Writes a line for people or programs to read. */
  readonly print: (line: string) => void;
  /** Writes a line about what went wrong. */
  readonly printError: (line: string) => void;
}

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
    return readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/)[0]!;
  } catch (error) {
    throw new InvalidInput(`the password cannot be read from ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function isParseError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
}
