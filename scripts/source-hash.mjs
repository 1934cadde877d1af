import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Sources of the web build. */
export const WEB_SOURCES = [
  'web/src',
  'web/index.html',
  'web/vite.config.ts',
  'web/compress-assets.ts',
  'web/package.json',
  'web/public',
  'contract/src',
  'package-lock.json',
];

/** Sources of server/dist. */
export const SERVER_SOURCES = [
  'server/src',
  'contract/src',
  'scripts/bundle.mjs',
  'scripts/stack-traces.mjs',
  'package-lock.json',
];

/**
 * SHA-256 (hex) over names and contents of files and folders below `root`, in order of name.
 * A missing path is hashed as absent, so that the hash changes when it is created.
 *
 * @param {string} root
 * @param {readonly string[]} paths relative to `root`, with `/`
 */
export function sourceHash(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((path) => filesBelow(root, path))) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * The text of a stamp file, or undefined when it does not exist.
 *
 * @param {string} path
 */
export function readStamp(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function filesBelow(root, path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesBelow(root, `${path}/${name}`));
}

/** @param {unknown} error */
export function isMissing(error) {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
