import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

/**
 * An engine, program or data folder that some tests need and a machine may lack.
 *
 * @typedef {object} Part
 * @property {string} name as in its variable, WATTKEEPER_TEST_<name>
 * @property {string} is description
 * @property {string} enable command that installs it
 * @property {string | undefined} path undefined when it is missing
 * @property {boolean} required needed for a complete run; not for data, nor for parts that few machines can provide
 */

/** @type {Record<string, { is: string, enable: string, programs?: string[], version?: string, header?: string, extension?: string, mounts?: boolean, folder?: string, optional?: boolean }>} */
const DEFINITIONS = JSON.parse(readFileSync(new URL('./test-parts.json', import.meta.url), 'utf8'));

// Debian installs servers outside a user's PATH, and PostgreSQL's in a folder per version.
const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
const HEADER_FOLDERS = ['/usr/include', '/usr/local/include', '/opt/homebrew/include'];
const POSTGRESQL_FOLDER = '/usr/lib/postgresql';

/**
 * Searches for every part. A set variable takes precedence: a path, or empty to run without the part.
 *
 * @param {string} root the checkout
 * @param {Record<string, string | undefined>} env
 * @returns {Part[]}
 */
export function findParts(root, env) {
  const folders = [...(env.PATH ?? '').split(delimiter).filter(Boolean), ...SERVER_FOLDERS, ...postgresqlFolders()];
  return Object.entries(DEFINITIONS).map(([name, definition]) => {
    const { is, enable, programs, version, header, extension, mounts, folder, optional } = definition;
    const found =
      mounts === true
        ? findMountable()
        : extension !== undefined
          ? findPostgresWith(extension)
          : folder === undefined
            ? hasHeader(header)
              ? findProgram(programs ?? [], folders, version)
              : undefined
            : findFolder(resolve(root, folder));
    const given = env[variableOf(name)];
    // Tests need several PostgreSQL programs, so this part is the folder that contains them.
    const path = given ?? (name === 'POSTGRES_BIN' && found !== undefined ? dirname(found) : found);
    return { name, is, enable, path: path || undefined, required: folder === undefined && optional !== true };
  });
}

/** The folder below which disks can be mounted. */
function findMountable() {
  return process.platform === 'linux' && process.getuid?.() === 0 && isExecutable('/usr/bin/mount')
    ? '/tmp'
    : undefined;
}

/**
 * The folder with the programs of a PostgreSQL that has an extension.
 *
 * @param {string} extension
 */
function findPostgresWith(extension) {
  const control = join('extension', `${extension}.control`);
  return postgresqlFolders().find(
    (bin) =>
      isExecutable(join(bin, 'initdb')) &&
      [join(bin.replace('/lib/', '/share/'), '..'), join(bin, '..', 'share')].some((share) =>
        existsSync(join(share, control)),
      ),
  );
}

/** @param {string} name */
export function variableOf(name) {
  return `WATTKEEPER_TEST_${name}`;
}

/**
 * The environment variables with the paths of the parts.
 *
 * @param {readonly Part[]} parts
 * @returns {Record<string, string>}
 */
export function environmentOf(parts) {
  return Object.fromEntries(parts.map(({ name, path }) => [variableOf(name), path ?? '']));
}

/**
 * @param {readonly string[]} programs
 * @param {readonly string[]} folders
 * @param {string | undefined} version beginning of the output of `version`, for a name that different programs share
 */
function findProgram(programs, folders, version) {
  return programs
    .flatMap((program) => folders.map((folder) => join(folder, program)))
    .find((path) => isExecutable(path) && (version === undefined || versionOf(path).startsWith(version)));
}

/** @param {string | undefined} header file that programs are compiled with */
function hasHeader(header) {
  return header === undefined || HEADER_FOLDERS.some((folder) => existsSync(join(folder, header)));
}

/** @param {string} path */
function versionOf(path) {
  return spawnSync(path, ['version'], { encoding: 'utf8', timeout: 10_000 }).stdout ?? '';
}

/** @param {string} path */
function findFolder(path) {
  return existsSync(path) ? path : undefined;
}

/** Newest version first. */
function postgresqlFolders() {
  if (!existsSync(POSTGRESQL_FOLDER)) return [];
  const versions = readdirSync(POSTGRESQL_FOLDER).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(POSTGRESQL_FOLDER, version, 'bin'));
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
