import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';
import { readStamp, SERVER_SOURCES, sourceHash, WEB_SOURCES } from './source-hash.mjs';

/** The checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const NODE_MAJOR = 24;
/** Marker of an installation with development packages. */
const WITH_TOOLS = 'with-tools';
const windows = process.platform === 'win32';

/**
 * @typedef {object} Wanted
 * @property {boolean} [tools] also the development packages: tests, lint, types
 * @property {boolean} [web] the built web app
 * @property {boolean} [server] the bundled server, which starts faster than its sources
 */

/** A failure that the user can correct: printed without a stack trace. */
export class SetupError extends Error {}

/**
 * Prepares the checkout for running the service and its tests; performs only the missing steps.
 * Messages are written to stderr; stdout is reserved for the program.
 *
 * @param {Wanted} want
 */
export async function setUp(want) {
  if (isReady(want)) return;
  const onWait = (/** @type {number} */ holder) => say(`another process (${holder}) is setting up; waiting for it …`);
  await withLock(root, { onWait }, async () => {
    if (!isInstalled(root, want.tools)) await install(want.tools === true || hasTools());
    if (want.web && !isWebBuilt(root)) await buildWeb();
    if (want.server && !isServerBundled(root)) await bundle();
  });
}

/**
 * Node 24: the one that npm installed, or the current one if npm installed none and it is new enough.
 *
 * @returns {string} path of the executable
 */
export function nodePath() {
  const installed = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');
  if (existsSync(installed)) return installed;
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) return process.execPath;
  throw new SetupError(
    [
      `Node ${NODE_MAJOR} is missing: ${installed} does not exist, and this is Node ${process.versions.node}.`,
      'The npm package "node" fetches it with an install script, which has not run. Either allow and run it:',
      '  npm rebuild node --ignore-scripts=false',
      `or start with a Node of your own, version ${NODE_MAJOR} or newer.`,
    ].join('\n'),
  );
}

/** Node options for the server. By default, the young generation grows to 96 MB while modules load, and little of it is released. */
export function serverFlags() {
  return ['--max-semi-space-size=8'];
}

/** The server's entry file: the bundle while it is current, else the source. */
export function serverFile() {
  return join(root, 'server', ...(isServerBundled(root) ? ['dist', 'main.js'] : ['src', 'main.ts']));
}

/**
 * Runs a program with Node 24 first in PATH and waits for it.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ stdout?: 'inherit' | 'stderr', env?: Record<string, string>, shell?: boolean }} [options]
 * @returns {Promise<number>} exit code; 1 after a signal
 */
export function run(command, args, options = {}) {
  const env = { ...process.env, ...options.env };
  const pathName = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  env[pathName] = [join(root, 'node_modules', '.bin'), env[pathName] ?? ''].join(delimiter);
  const stdio = /** @type {const} */ (['ignore', options.stdout === 'stderr' ? 2 : 1, 2]);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: [...stdio], shell: options.shell ?? false });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** @param {string} message */
export function say(message) {
  process.stderr.write(`wattkeeper: ${message}\n`);
}

/**
 * Ends a script on an error: prints only the message of a `SetupError`, otherwise also the stack trace.
 *
 * @param {unknown} error
 */
export function fail(error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exit(1);
}

/**
 * Whether node_modules matches package-lock.json.
 *
 * @param {string} folder
 * @param {boolean} [tools] with development packages
 */
export function isInstalled(folder, tools = false) {
  const [hash, extent] = readStamp(installStamp(folder))?.split(' ') ?? [];
  return hash === sourceHash(folder, ['package-lock.json']) && (!tools || extent === WITH_TOOLS);
}

/**
 * Whether web/dist was built from the current sources.
 *
 * @param {string} folder
 */
export function isWebBuilt(folder) {
  if (!existsSync(join(folder, 'web', 'dist', 'index.html'))) return false;
  return readStamp(webStamp(folder)) === sourceHash(folder, WEB_SOURCES);
}

/**
 * Whether server/dist was built from the current sources.
 *
 * @param {string} folder
 */
export function isServerBundled(folder) {
  const stamp = readStamp(serverStamp(folder));
  return stamp !== undefined && stamp === sourceHash(folder, SERVER_SOURCES);
}

/**
 * Whether npm's record of node_modules (written at the end of every install) matches the lockfile, so that
 * a checkout after `npm install` is not installed a second time.
 *
 * @param {string} folder
 * @param {boolean} [tools] with development packages
 */
export function isInstalledByNpm(folder, tools = false) {
  const record = readStamp(join(folder, 'node_modules', '.package-lock.json'));
  if (record === undefined) return false;
  const installed = packagesOf(record);
  const wanted = packagesOf(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const same = (/** @type {string} */ path) =>
    wanted[path]?.version === installed[path]?.version && wanted[path]?.integrity === installed[path]?.integrity;
  const isExtra = (/** @type {string} */ path) => wanted[path] === undefined;
  const isNeeded = (/** @type {Package | undefined} */ { optional, peer, dev, devOptional } = {}) =>
    !optional && !peer && (tools || !(dev || devOptional));
  const isAbsent = (/** @type {string} */ path) =>
    installed[path] === undefined && path.includes('node_modules/') && isNeeded(wanted[path]);
  const isDifferent = (/** @type {string} */ path) => installed[path] !== undefined && !same(path);
  return (
    !Object.keys(installed).some(isExtra) && !Object.keys(wanted).some((path) => isAbsent(path) || isDifferent(path))
  );
}

/** @param {Wanted} want */
function isReady(want) {
  return isInstalled(root, want.tools) && (!want.web || isWebBuilt(root)) && (!want.server || isServerBundled(root));
}

/**
 * @typedef {object} Package as a lockfile describes it
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {boolean} [peer]
 * @property {boolean} [dev]
 * @property {boolean} [devOptional]
 */

/** A development checkout keeps its development packages. */
function hasTools() {
  return existsSync(join(root, 'node_modules', 'vitest'));
}

/** @param {boolean} tools also the development packages */
async function install(tools) {
  const hash = sourceHash(root, ['package-lock.json']);
  if (!isInstalledByNpm(root, tools)) {
    const first = !existsSync(join(root, 'node_modules'));
    const why = first ? 'for the first time' : 'because package-lock.json has changed';
    say(`installing dependencies ${why} …`);
    const startedAt = Date.now();
    // Independent of NODE_ENV. npm's warnings concern the Node that runs npm, whereas the installed packages run
    // on the Node that is installed with them.
    const extent = tools ? '--include=dev' : '--omit=dev';
    const code = await npm(['ci', extent, '--no-audit', '--no-fund', '--loglevel=error']);
    if (code !== 0) {
      throw new SetupError(
        `"npm ci" failed with exit code ${code}; its own message is above. Is the package registry reachable, and is ` +
          'there room on the disk? Nothing was started; the next start tries again.',
      );
    }
    say(`dependencies installed in ${secondsSince(startedAt)} s`);
  }
  nodePath();
  writeFileSync(installStamp(root), tools ? `${hash} ${WITH_TOOLS}\n` : `${hash}\n`);
}

async function buildWeb() {
  const hash = sourceHash(root, WEB_SOURCES);
  say('building the web app …');
  nodePath();
  const startedAt = Date.now();
  const code = await npm(['run', 'build', '--workspace', 'web']);
  if (code !== 0) {
    throw new SetupError(`building the web app failed with exit code ${code}; its own message is above`);
  }
  writeFileSync(webStamp(root), `${hash}\n`);
  say(`web app built in ${secondsSince(startedAt)} s`);
}

/** A failure is not fatal: the server then runs from its sources, with a slower start. */
async function bundle() {
  const hash = sourceHash(root, SERVER_SOURCES);
  const startedAt = Date.now();
  const code = await run(nodePath(), [fileURLToPath(new URL('./bundle.mjs', import.meta.url)), root], {
    stdout: 'stderr',
  });
  if (code !== 0) {
    say('the server could not be bundled (see above); it runs from its sources, which takes longer to start');
    return;
  }
  try {
    writeFileSync(serverStamp(root), `${hash}\n`);
  } catch (error) {
    say(`server/dist cannot be written (${error}); the server runs from its sources, which takes longer to start`);
    return;
  }
  say(`server bundled in ${secondsSince(startedAt)} s`);
}

/**
 * The npm that launched this script, run by the same Node: it exists, and the user trusts it.
 *
 * @param {readonly string[]} args
 */
async function npm(args) {
  const launcher = process.env.npm_execpath;
  const isNpm = launcher !== undefined && /^npm-cli\.[cm]?js$/.test(basename(launcher));
  try {
    if (isNpm) return await run(process.execPath, [launcher, ...args], { stdout: 'stderr' });
    return await run(windows ? 'npm.cmd' : 'npm', args, { stdout: 'stderr', shell: windows });
  } catch (error) {
    throw new SetupError(`npm could not be started (${error}); it comes with Node: https://nodejs.org/en/download`);
  }
}

/**
 * @param {string} lockfile
 * @returns {Record<string, Package | undefined>}
 */
function packagesOf(lockfile) {
  const { '': _root, ...packages } = JSON.parse(lockfile).packages ?? {};
  return packages;
}

/** @param {string} folder */
function installStamp(folder) {
  return join(folder, 'node_modules', '.wattkeeper-install');
}

/** @param {string} folder */
function webStamp(folder) {
  return join(folder, 'web', 'dist', '.source-hash');
}

/** @param {string} folder */
function serverStamp(folder) {
  return join(folder, 'server', 'dist', '.source-hash');
}

/** @param {number} startedAt */
function secondsSince(startedAt) {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}
