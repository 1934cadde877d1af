import './config/engine.ts';
import { runCommandLine } from './cli/command-line.ts';
import { ENVIRONMENT } from './config/environment.ts';

// Files are accessible to this user only.
process.umask(0o077);
process.exitCode = await runCommandLine(process.argv.slice(2), ENVIRONMENT);
// Exit after the output is written: an open connection to an unresponsive server must not keep the process alive.
process.stdout.write('', () => process.exit());
