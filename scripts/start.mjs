#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fail, nodePath, root, serverFile, serverFlags, setUp } from './setup.mjs';

const LAUNCHER_POLL_MS = 250;

const args = process.argv.slice(2);
const isService = startsService(args);
await setUp({ web: isService, server: isService })
  .then(() => serve(args))
  .catch(fail);

/**
 * Only the service needs the web app and the bundle; every other command starts without a build.
 *
 * @param {readonly string[]} args
 */
function startsService(args) {
  if (args.some((arg) => arg === '--help' || arg === '-h' || arg === '--version' || arg === '-V')) return false;
  const command = args[0];
  return command === undefined || command === 'start' || command.startsWith('-');
}

/**
 * Runs the service, forwards signals to it, and exits with its exit code.
 *
 * @param {readonly string[]} args
 */
function serve(args) {
  const child = spawn(nodePath(), [...serverFlags(), serverFile(), ...args], {
    stdio: 'inherit',
    // Compiled code of all threads is cached for the next start. If the folder is not writable, starts are slower.
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'wattkeeper'), ...process.env },
  });
  const passOnInterrupt = () => {
    // A terminal sends Ctrl-C to the whole process group, which includes the service.
    if (!process.stdin.isTTY) child.kill('SIGINT');
  };
  const passOnTerminate = () => child.kill('SIGTERM');
  process.on('SIGINT', passOnInterrupt);
  process.on('SIGTERM', passOnTerminate);
  const watch = watchLauncher(passOnTerminate);
  child.on('error', (error) => {
    throw error;
  });
  child.on('exit', (code, signal) => {
    clearInterval(watch);
    process.off('SIGINT', passOnInterrupt);
    process.off('SIGTERM', passOnTerminate);
    if (signal === null) process.exitCode = code ?? 1;
    else process.kill(process.pid, signal);
  });
}

/**
 * npm sends SIGTERM to the shell between it and this process, and many shells (dash) exit without forwarding it. Then the
 * parent process changes, and the service must stop as well, or it would keep its port unnoticed.
 *
 * @param {() => void} onGone
 * @returns {NodeJS.Timeout | undefined}
 */
function watchLauncher(onGone) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const launcher = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(watch);
    onGone();
  }, LAUNCHER_POLL_MS);
  return watch;
}
