import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';
import { readStamp, SERVER_SOURCES, sourceHash, WEB_SOURCES } from './source-hash.mjs';

/** The checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const NODE_MAJOR = 24;
/** In the record of an installation that holds the packages of developers, too. */
const WITH_TOOLS = 'with-tools';
const windows = process.platform === 'win32';

/**
 * @typedef {object} Wanted
 * @property {boolean} [tools] also the packages that only developers need: tests, lint, types
 * @property {boolean} [web] the built web app
 * @property {boolean} [server] the server in a few files, which start faster than its sources
 */

/** A failure that the user can act on: printed without a stack. */
export class SetupError extends Error {}

/**
 * Brings the checkout into a state in which the service and its tests can run, doing only what is missing.
 * Everything is said on stderr; stdout stays the program's own.
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
 * Node 24: the one that npm installed, or the one that runs us if npm could not and ours is new enough.
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

/** Options of Node for the server. By default, the memory for new objects grows to 96 MB while modules load, and little of it is given back. */
export function serverFlags() {
  return ['--max-semi-space-size=8'];
}

/** The file that runs the server: the bundle while it is current, else the source. */
export function serverFile() {
  return join(root, 'server', ...(isServerBundled(root) ? ['dist', 'main.js'] : ['src', 'main.ts']));
}

/**
 * Runs a program with Node 24 first in PATH and waits for it.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ stdout?: 'inherit' | 'stderr', env?: Record<string, string>, shell?: boolean }} [options]
 * @returns {Promise<number>} its exit code; 1 if a signal ended it
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
 * Ends a script on an error: the message alone when the user can act on it, everything when not.
 *
 * @param {unknown} error
 */
export function fail(error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exit(1);
}

/**
 * Whether node_modules holds what package-lock.json asks for.
 *
 * @param {string} folder
 * @param {boolean} [tools] with the packages of developers
 */
export function isInstalled(folder, tools = false) {
  const [hash, extent] = readStamp(installStamp(folder))?.split(' ') ?? [];
  return hash === sourceHash(folder, ['package-lock.json']) && (!tools || extent === WITH_TOOLS);
}

/**
 * Whether web/dist was built from the sources as they are now.
 *
 * @param {string} folder
 */
export function isWebBuilt(folder) {
  if (!existsSync(join(folder, 'web', 'dist', 'index.html'))) return false;
  return readStamp(webStamp(folder)) === sourceHash(folder, WEB_SOURCES);
}

/**
 * Whether server/dist was made from the sources as they are now.
 *
 * @param {string} folder
 */
export function isServerBundled(folder) {
  const stamp = readStamp(serverStamp(folder));
  return stamp !== undefined && stamp === sourceHash(folder, SERVER_SOURCES);
}

/**
 * Whether npm's own record of node_modules (written at the end of every install) agrees with the lockfile, so that
 * someone who has just run `npm install` does not install a second time.
 *
 * @param {string} folder
 * @param {boolean} [tools] with the packages of developers
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

/** A checkout in which someone develops keeps the tools for it. */
function hasTools() {
  return existsSync(join(root, 'node_modules', 'vitest'));
}

/** @param {boolean} tools also the packages of developers */
async function install(tools) {
  const hash = sourceHash(root, ['package-lock.json']);
  if (!isInstalledByNpm(root, tools)) {
    const first = !existsSync(join(root, 'node_modules'));
    const why = first ? 'for the first time' : 'because package-lock.json has changed';
    say(`installing dependencies ${why} …`);
    const startedAt = Date.now();
    // Whatever NODE_ENV says. npm's warnings are about the Node that runs npm, while everything that is installed runs
    // on the Node that is installed with it.
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

/** Without the bundle the server runs from its sources: slower, and otherwise the same. */
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
  writeFileSync(serverStamp(root), `${hash}\n`);
  say(`server bundled in ${secondsSince(startedAt)} s`);
}

/**
 * The npm that launched us, run by the Node that runs us: it is there, and it is what the user trusts.
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
