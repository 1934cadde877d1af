import './config/engine.ts';
import { runCommandLine } from './cli/command-line.ts';
import { ENVIRONMENT } from './config/environment.ts';

// What is written is for this user alone.
process.umask(0o077);
process.exitCode = await runCommandLine(process.argv.slice(2), ENVIRONMENT);
// Once its output is written: a server that hangs may keep a connection open, which must not keep the process.
process.stdout.write('', () => process.exit());
