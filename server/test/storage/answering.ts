import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/** Resolves when a server responds, with any status; rejects when its process cannot start or ends first. */
export async function answering(url: string, child: ChildProcess): Promise<void> {
  let answers = false;
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  child.once('exit', (code, signal) => {
    failure ??= new Error(`the server at ${url} ended (${code ?? signal}) before it answered`);
  });
  while (!answers) {
    if (failure) throw failure;
    await delay(LOOK_EVERY_MS);
    answers = await fetch(url).then(
      () => true,
      () => false,
    );
  }
}
