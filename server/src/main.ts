import './config/engine.ts';
import { type Command, commandList } from './cli/command.ts';
import { ENVIRONMENT } from './config/environment.ts';
import { VERSION } from './config/version.ts';
import { ExpectedError, messageOf } from './domain/errors.ts';

/** The command line: finds the command, loads and runs it, and turns expected errors into one clear message. */
const COMMANDS: readonly Command[] = [
  {
    name: 'start',
    summary: 'Run the service (default)',
    run: async (argv) => (await import('./cli/start.ts')).startCommand(argv, ENVIRONMENT),
  },
  {
    name: 'import',
    summary: 'Import a CSV or JSON file',
    run: async (argv) => (await import('./cli/import.ts')).importCommand(argv, ENVIRONMENT),
  },
  {
    name: 'migrate',
    summary: 'Import the data of older installations and other programs',
    run: async (argv) => (await import('./cli/migrate.ts')).migrateCommand(argv, ENVIRONMENT),
  },
  {
    name: 'export',
    summary: 'Write raw samples to a file',
    run: async (argv) => (await import('./cli/export.ts')).exportCommand(argv, ENVIRONMENT),
  },
  {
    name: 'backup',
    summary: 'Back everything up, list and verify backups',
    run: async (argv) => (await import('./cli/backup.ts')).backupCommand(argv, ENVIRONMENT),
  },
  {
    name: 'archive',
    summary: 'Move old months to the archive',
    run: async (argv) => (await import('./cli/archive.ts')).archiveCommand(argv, ENVIRONMENT),
  },
  {
    name: 'doctor',
    summary: 'Check configuration, stores, clock, disk and permissions',
    run: async (argv) => (await import('./cli/doctor.ts')).doctorCommand(argv, ENVIRONMENT),
  },
  {
    name: 'features',
    summary: 'List features, switch them',
    run: async (argv) => (await import('./cli/features.ts')).featuresCommand(argv, ENVIRONMENT),
  },
  {
    name: 'device',
    summary: 'List, retire, reactivate and delete devices',
    run: async (argv) => (await import('./cli/device.ts')).deviceCommand(argv, ENVIRONMENT),
  },
  {
    name: 'backfill',
    summary: 'Fill one store from another',
    run: async (argv) => (await import('./cli/backfill.ts')).backfillCommand(argv, ENVIRONMENT),
  },
  {
    name: 'restore',
    summary: 'Restore a backup, as it was or at any instant',
    run: async (argv) => (await import('./cli/restore.ts')).restoreCommand(argv, ENVIRONMENT),
  },
  {
    name: 'sign-in-link',
    summary: 'Print a link that signs in once',
    run: async (argv) => withAccounts(argv, (await import('./cli/sign-in-link.ts')).signInLinkCommand),
  },
  {
    name: 'user',
    summary: 'Add, list, change and remove users',
    run: async (argv) => withAccounts(argv, (await import('./cli/user.ts')).userCommand),
  },
  {
    name: 'token',
    summary: 'Create, list and revoke API tokens',
    run: async (argv) => withAccounts(argv, (await import('./cli/token.ts')).tokenCommand),
  },
];

// What is written is for this user alone.
process.umask(0o077);
process.exitCode = await main(process.argv.slice(2));
// Once its output is written: a server that hangs may keep a connection open, which must not keep the process.
process.stdout.write('', () => process.exit());

async function main(argv: readonly string[]): Promise<number> {
  const [first] = argv;
  if (first === '--help' || first === '-h' || first === 'help') return print(commandList(COMMANDS));
  if (first === '--version') return print(VERSION);
  const named = first !== undefined && !first.startsWith('-');
  const command = COMMANDS.find(({ name }) => name === (named ? first : 'start'));
  if (!command) {
    const message = `there is no command "${first}"`;
    if (argv.includes('--json')) console.log(JSON.stringify({ error: { code: 'usage', message } }));
    console.error(`There is no command "${first}".\n\n${commandList(COMMANDS)}`);
    return 2;
  }
  try {
    return await command.run(named ? argv.slice(1) : argv);
  } catch (error) {
    if (argv.includes('--json')) console.log(JSON.stringify({ error: describe(error) }));
    if (error instanceof ExpectedError) {
      console.error(`Wattkeeper cannot go on: ${error.message}`);
      return 1;
    }
    if (isUsageError(error)) {
      console.error(`${error.message}\n\nSee: npm start -- ${command.name} --help`);
      return 2;
    }
    // Without the properties that Node would print: clients of clouds keep whole requests there, with their credentials.
    console.error(error instanceof Error ? error.stack : String(error));
    return 1;
  }
}

async function withAccounts(
  argv: readonly string[],
  command: Parameters<typeof import('./cli/accounts.ts').withAccounts>[2],
): Promise<number> {
  return (await import('./cli/accounts.ts')).withAccounts(argv, ENVIRONMENT, command);
}

function print(text: string): number {
  console.log(text);
  return 0;
}

function describe(error: unknown): { code: string; message: string } {
  if (error instanceof ExpectedError) return { code: error.code, message: error.message };
  return { code: isUsageError(error) ? 'usage' : 'internal', message: messageOf(error) };
}

/** What `parseArgs` throws for options that a command does not have. */
function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
}
