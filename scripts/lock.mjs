import { createHash } from 'node:crypto';
import { linkSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMissing } from './source-hash.mjs';

const POLL_MS = 200;
const MAX_WAIT_MS = 15 * 60_000;

/**
 * Runs `work` while no other process on this machine holds the lock of this checkout.
 * The lock is a file with its holder's process id; the lock of a dead holder is taken over.
 *
 * @template T
 * @param {string} root the checkout
 * @param {{ onWait: (holder: number) => void, waitMsMax?: number }} options `onWait` is called once if we have to wait
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(root, options, work) {
  const path = lockPath(root);
  const deadline = Date.now() + (options.waitMsMax ?? MAX_WAIT_MS);
  let hasReported = false;
  while (!tryLock(path)) {
    const holder = holderOf(path);
    if (holder === undefined) continue;
    if (!isAlive(holder)) {
      takeAway(path, holder);
      continue;
    }
    if (Date.now() > deadline) {
      throw new Error(`process ${holder} has been setting up this checkout for too long; end it, or delete ${path}`);
    }
    if (!hasReported) options.onWait(holder);
    hasReported = true;
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/**
 * Outside the checkout, because `npm ci` empties node_modules and the lock must not appear in the source tree.
 *
 * @param {string} root
 */
export function lockPath(root) {
  const id = createHash('sha256').update(realpathSync(root)).digest('hex').slice(0, 16);
  return join(tmpdir(), `wattkeeper-setup-${id}.lock`);
}

/**
 * The hard link is created atomically with its content, so that no process reads a partly written holder.
 *
 * @param {string} path
 */
function tryLock(path) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Only one of several processes that find the same dead holder can move its file away. A process that has moved
 * the lock of a live successor puts it back.
 *
 * @param {string} path
 * @param {number} dead
 */
function takeAway(path, dead) {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    if (holderOf(aside) !== dead) linkSync(aside, path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** @param {string} path */
function holderOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
