import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockPath, withLock } from './lock.mjs';

let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'wattkeeper-lock-'));
});

afterEach(() => {
  rmSync(lockPath(checkout), { force: true });
  rmSync(checkout, { recursive: true, force: true });
});

it('admits one process after the other, names the holder to the waiting one, and leaves no file', async () => {
  const events: string[] = [];
  const first = Promise.withResolvers<void>();
  const holding = withLock(checkout, { onWait: () => events.push('first waits') }, async () => {
    events.push('first in');
    await first.promise;
    events.push('first out');
  });
  const waiting = withLock(
    checkout,
    {
      onWait: (holder) => {
        events.push(`second waits for ${holder}`);
        first.resolve();
      },
    },
    async () => void events.push('second in'),
  );
  await Promise.all([holding, waiting]);
  expect(events).toEqual(['first in', `second waits for ${process.pid}`, 'first out', 'second in']);
  expect(existsSync(lockPath(checkout))).toBe(false);
});

it('takes over the lock of a dead holder', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(lockPath(checkout), String(dead));
  expect(await withLock(checkout, { onWait: refuse }, async () => 'done')).toBe('done');
});

it('frees the lock when the work fails', async () => {
  const failing = withLock(checkout, { onWait: refuse }, async () => {
    throw new Error('no room');
  });
  await expect(failing).rejects.toThrow('no room');
  expect(existsSync(lockPath(checkout))).toBe(false);
});

it('fails after a time limit and names the file to delete', async () => {
  writeFileSync(lockPath(checkout), String(process.pid));
  const waiting = withLock(checkout, { onWait: () => {}, waitMsMax: -1 }, async () => 'never');
  await expect(waiting).rejects.toThrow(lockPath(checkout));
});

function refuse(holder: number): never {
  throw new Error(`waits for ${holder}`);
}
