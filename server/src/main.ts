import './config/engine.ts';
import { withAccounts } from './cli/accounts.ts';
import { archiveCommand } from './cli/archive.ts';
import { backfillCommand } from './cli/backfill.ts';
import { backupCommand } from './cli/backup.ts';
import { type Command, commandList } from './cli/command.ts';
import { doctorCommand } from './cli/doctor.ts';
import { exportCommand } from './cli/export.ts';
import { featuresCommand } from './cli/features.ts';
import { importCommand } from './cli/import.ts';
import { migrateCommand } from './cli/migrate.ts';
import { restoreCommand } from './cli/restore.ts';
import { signInLinkCommand } from './cli/sign-in-link.ts';
import { startCommand } from './cli/start.ts';
import { tokenCommand } from './cli/token.ts';
import { userCommand } from './cli/user.ts';
import { ENVIRONMENT } from './config/environment.ts';
import { VERSION } from './config/version.ts';
import { ExpectedError } from './domain/errors.ts';

/** The command line: finds the command, runs it, turns what was expected to go wrong into one clear message. */
const COMMANDS: readonly Command[] = [
  { name: 'start', summary: 'Run the service (default)', run: (argv) => startCommand(argv, ENVIRONMENT) },
  { name: 'import', summary: 'Bring a CSV or JSON file in', run: (argv) => importCommand(argv, ENVIRONMENT) },
  {
    name: 'migrate',
    summary: 'Bring in what older installations and other programs have gathered',
    run: (argv) => migrateCommand(argv, ENVIRONMENT),
  },
  { name: 'export', summary: 'Write raw samples to a file', run: (argv) => exportCommand(argv, ENVIRONMENT) },
  {
    name: 'backup',
    summary: 'Back everything up, list and verify backups',
    run: (argv) => backupCommand(argv, ENVIRONMENT),
  },
  { name: 'archive', summary: 'Move old months to the archive', run: (argv) => archiveCommand(argv, ENVIRONMENT) },
  {
    name: 'doctor',
    summary: 'Look whether everything is as it should be',
    run: (argv) => doctorCommand(argv, ENVIRONMENT),
  },
  { name: 'features', summary: 'List features, switch them', run: (argv) => featuresCommand(argv, ENVIRONMENT) },
  { name: 'backfill', summary: 'Fill one store from another', run: (argv) => backfillCommand(argv, ENVIRONMENT) },
  {
    name: 'restore',
    summary: 'Bring a backup back, as it was or at any instant',
    run: (argv) => restoreCommand(argv, ENVIRONMENT),
  },
  {
    name: 'sign-in-link',
    summary: 'Print a link that signs in once',
    run: (argv) => withAccounts(argv, ENVIRONMENT, signInLinkCommand),
  },
  {
    name: 'user',
    summary: 'Add, list, change and remove users',
    run: (argv) => withAccounts(argv, ENVIRONMENT, userCommand),
  },
  {
    name: 'token',
    summary: 'Create, list and revoke API tokens',
    run: (argv) => withAccounts(argv, ENVIRONMENT, tokenCommand),
  },
];

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const [first] = argv;
  if (first === '--help' || first === '-h' || first === 'help') return print(commandList(COMMANDS));
  if (first === '--version') return print(VERSION);
  const named = first !== undefined && !first.startsWith('-');
  const command = COMMANDS.find(({ name }) => name === (named ? first : 'start'));
  if (!command) {
    console.error(`There is no command "${first}".\n\n${commandList(COMMANDS)}`);
    return 2;
  }
  try {
    return await command.run(named ? argv.slice(1) : argv);
  } catch (error) {
    if (error instanceof ExpectedError) {
      console.error(`Wattkeeper cannot go on: ${error.message}`);
      return 1;
    }
    if (isUsageError(error)) {
      console.error(`${error.message}\n\nSee: npm start -- ${command.name} --help`);
      return 2;
    }
    throw error;
  }
}

function print(text: string): number {
  console.log(text);
  return 0;
}

/** What `parseArgs` throws for options that a command does not have. */
function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
}
