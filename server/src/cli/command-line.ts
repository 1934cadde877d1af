import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Environment } from '../config/environment.ts';
import { VERSION } from '../config/version.ts';
import { closest } from '../domain/closest.ts';
import { ExpectedError, messageOf } from '../domain/errors.ts';
import { type CommandDefinition, HELP_COLUMNS, newCommand, type Result, type Runner } from './command.ts';
import type { Interrupted, Invocation } from './invocation.ts';

/** All commands, one per line. The file of a command is loaded only when the command is used. */
const COMMANDS: readonly [name: string, summary: string, load: () => Promise<CommandDefinition>][] = [
  ['start', 'Run the service (default)', async () => (await import('./start.ts')).start],
  ['import', 'Import a CSV, JSON, NEM12 or Green Button file', async () => (await import('./import.ts')).importFile],
  [
    'migrate',
    'Import the data of older installations and other programs',
    async () => (await import('./migrate.ts')).migrate,
  ],
  ['export', 'Write raw samples to a file', async () => (await import('./export.ts')).exportSamples],
  ['backup', 'Make, list and verify backups', async () => (await import('./backup.ts')).backup],
  ['restore', 'Restore a backup, as it was or at any instant', async () => (await import('./restore.ts')).restore],
  ['archive', 'Move old months to the archive', async () => (await import('./archive.ts')).archive],
  ['backfill', 'Fill one store from another', async () => (await import('./backfill.ts')).backfill],
  [
    'doctor',
    'Check configuration, stores, clock, disk and permissions',
    async () => (await import('./doctor.ts')).doctor,
  ],
  ['features', 'List features and switch them', async () => (await import('./features.ts')).features],
  ['device', 'List, retire, reactivate and delete devices', async () => (await import('./device.ts')).device],
  ['sign-in-link', 'Print a link that signs in once', async () => (await import('./sign-in-link.ts')).signInLink],
  ['user', 'Add, list, change and remove users', async () => (await import('./user.ts')).user],
  ['token', 'Create, list and revoke API tokens', async () => (await import('./token.ts')).token],
];

const FAILED = 1;
const WRONG_USAGE = 2;

/** Runs the command in the arguments. Returns the exit code: 0 success, 1 failure, 2 incorrect usage, 3 incomplete, 130 interrupted. */
export async function runCommandLine(argv: readonly string[], environment: Environment): Promise<number> {
  const args = withCommand(argv);
  const asJson = argv.includes('--json');
  const done: { invocation?: Invocation; result?: Result | null } = {};
  const program = await programFor(args[0], async (command, work) => {
    const { Invocation } = await import('./invocation.ts');
    done.invocation = new Invocation(command.optsWithGlobals(), environment);
    done.result = await work(done.invocation);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    if (done.result) print(done.result, asJson);
    return done.result?.code ?? 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure =
      error instanceof CommanderError ? wrongUsage(error, program, args) : failureOf(error, done.invocation);
    if (asJson) console.log(JSON.stringify({ error: { code: failure.code, message: failure.message } }));
    console.error(failure.text);
    return failure.exitCode;
  } finally {
    done.invocation?.end();
  }
}

/** `start` is the default; `help NAME` is `NAME --help`. */
function withCommand(argv: readonly string[]): string[] {
  const [first, ...rest] = argv;
  if (first === 'help') return [...rest, '--help'];
  const isNamed = first !== undefined && (!first.startsWith('-') || OPTIONS_OF_PROGRAM.has(first));
  return isNamed ? [...argv] : ['start', ...argv];
}

const OPTIONS_OF_PROGRAM = new Set(['--help', '-h', '--version', '-V']);

/** All commands with name and summary; only the wanted one is complete. */
async function programFor(wanted: string | undefined, run: Runner): Promise<CommandUnknownOpts> {
  const program = new Command('npm start --')
    .exitOverride()
    .configureOutput({ writeOut: (text) => console.log(text.trimEnd()), writeErr: () => {} })
    .usage('[COMMAND] [OPTIONS]      (installed: wattkeeper [COMMAND] [OPTIONS])')
    .description('Wattkeeper stores the energy history of a site, analyses it, and helps to reduce costs.')
    .configureHelp({ helpWidth: HELP_COLUMNS, subcommandTerm: (command) => command.name() })
    .helpCommand(false)
    .helpOption('-h, --help', 'show this text; COMMAND --help describes a command')
    .version(VERSION, '-V, --version', 'show the version')
    .addHelpText('after', AFTER);
  for (const [name, summary, load] of COMMANDS)
    program.addCommand(name === wanted ? (await load())(run) : newCommand(name).summary(summary));
  return program;
}

const AFTER = `
Every command has --help, --config FILE and --json. Without --config, wattkeeper.yaml is read where it exists;
WATTKEEPER_… variables override it (WATTKEEPER_HTTP__PORT=8002).

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 finished, but not with everything, 130 interrupted by Ctrl-C.`;

function print({ lines, json }: Result, asJson: boolean): void {
  if (asJson) console.log(JSON.stringify(json));
  else for (const line of lines) console.log(line);
}

interface Failure {
  readonly exitCode: number;
  readonly code: string;
  readonly message: string;
  /** Plain text, printed without `--json`. */
  readonly text: string;
}

function wrongUsage(error: CommanderError, program: CommandUnknownOpts, [first]: readonly string[]): Failure {
  const command = named(program, first) ?? program;
  const message = unknownName(error, command) ?? error.message.replace(/^error: /, '');
  const nearest = named(command, command.args[0]) ?? command;
  const usage = nearest.createHelp().commandUsage(nearest);
  const help = [first, nearest.name()].slice(0, command === program ? 0 : command === nearest ? 1 : 2);
  const text = `${message}\n\nUsage: ${usage}\n\nSee: npm start -- ${[...help, '--help'].join(' ')}`;
  return { exitCode: WRONG_USAGE, code: 'usage', message, text };
}

function named({ commands }: CommandUnknownOpts, name: string | undefined): CommandUnknownOpts | undefined {
  return commands.find((command) => command.name() === name);
}

/** For a command with subcommands, these errors concern the name of a subcommand. */
const ABOUT_COMMANDS = new Set(['commander.help', 'commander.unknownCommand', 'commander.excessArguments']);

/** The message for a missing or unknown command, with the available ones; null for other errors. */
function unknownName({ code }: CommanderError, command: CommandUnknownOpts): string | null {
  const [given] = command.args;
  if (!ABOUT_COMMANDS.has(code) || command.commands.length === 0 || named(command, given)) return null;
  const names = command.commands.map((one) => one.name());
  if (given === undefined) return `give one of the commands ${names.join(', ')}`;
  return `unknown command "${given}": did you mean ${closest(given, names)}? There are ${names.join(', ')}`;
}

function failureOf(error: unknown, { interrupted }: { interrupted?: Interrupted | null } = {}): Failure {
  if (interrupted) {
    const { exitCode, message } = interrupted;
    return { exitCode, code: 'interrupted', message, text: `Wattkeeper was ${message}.` };
  }
  const message = messageOf(error);
  if (error instanceof ExpectedError)
    return { exitCode: FAILED, code: error.code, message, text: `Wattkeeper cannot continue: ${message}` };
  // Without the other properties, which Node would print: cloud clients store entire requests in them, including credentials.
  const text = error instanceof Error ? (error.stack ?? message) : message;
  return { exitCode: FAILED, code: 'internal', message, text };
}
