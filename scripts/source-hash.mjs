import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the built web app is made from. */
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

/** What server/dist is made from. */
export const SERVER_SOURCES = [
  'server/src',
  'contract/src',
  'scripts/bundle.mjs',
  'scripts/stack-traces.mjs',
  'package-lock.json',
];

/**
 * SHA-256 (hex) over names and contents of files and folders below `root`, in the order of their names.
 * A path that does not exist counts as absent, so that its appearing changes the hash.
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
 * The recorded text of a stamp file, or undefined when it was never written.
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
