import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from '@wattkeeper/contract/job.ts';
import { ROOT, type Service, startService } from '../journeys/service.ts';
import type { Begin, Killable } from './operation.ts';
import { isGone } from './readings.ts';

const LOOK_EVERY_MS = 20;

/**
 * Starts the service, sends readings continuously and runs `work`. It is killed at the end as well, so that nothing depends on its shutdown.
 * @param late send readings of old days as well
 */
export async function onService(
  { scene, run, counted, begins }: Begin,
  { late }: { readonly late: boolean },
  work: (service: Service) => Promise<void>,
): Promise<Killable> {
  const service = await startService(scene.folder, {
    WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
    ...scene.environment,
    ...counted,
  });
  let over = false;
  const sending = scene.ledger.sendUntil(() => over, service, late);
  begins();
  const toTheEnd = async () => {
    try {
      await work(service);
      return 'done';
    } catch (error) {
      if (!isGone(error)) throw error;
      await service.kill();
      if (service.outcome() !== 'SIGKILL') throw new Error(`the service exited: ${service.log()}`);
      return 'killed';
    } finally {
      over = true;
      await sending;
      // One normal exit caches compiled code for the next starts.
      if (run === 0) await service.stop();
      await service.kill();
    }
  };
  return { ended: toTheEnd(), kill: () => void service.kill() };
}

/** Starts a job and waits until it has succeeded. */
export async function runJob(service: Service, path: string): Promise<Job> {
  let answer = await service.request(`/api/v1${path}`, { method: 'POST' });
  // The one that was cut off is caught up with after a start.
  while (answer.status === 409) {
    await delay(LOOK_EVERY_MS);
    answer = await service.request(`/api/v1${path}`, { method: 'POST' });
  }
  if (answer.status !== 202) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  let job = (await answer.json()) as Job;
  while (job.finished_at === null) {
    await delay(LOOK_EVERY_MS);
    job = await service.json<Job>(`/api/v1/jobs/${job.id}`);
  }
  if (job.state !== 'succeeded') throw new Error(`${job.name} ${job.state}: ${job.error}`);
  return job;
}

/** Runs a command of the command line on the folder. @param onResult takes what the last line says */
export function onCommand(
  { scene, counted, begins }: Begin,
  argv: readonly string[],
  onResult: (result: unknown) => void = () => {},
): Killable {
  begins();
  const child = spawn(process.execPath, ['server/src/main.ts', ...argv, '--json'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: scene.folder,
      WATTKEEPER_DATA_DIR: scene.folder,
      WATTKEEPER_DEMO__ENABLED: 'false',
      ...scene.environment,
      ...counted,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, log] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    log += data.toString();
  });
  const ended = new Promise<'done' | 'killed'>((resolve, reject) => {
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed');
      else if (code !== 0) reject(new Error(`${argv[0]} ended with ${code ?? signal}: ${log}`));
      else {
        onResult(JSON.parse(out.trim().split('\n').at(-1) as string));
        resolve('done');
      }
    });
  });
  return { ended, kill: () => void child.kill('SIGKILL') };
}
