import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A running InfluxDB 1.x with an empty database `bench`. */
export interface Influx {
  readonly url: string;
  stop(): Promise<void>;
  /** Starts it again after `stop`, at the same address over the same data. */
  startAgain(): Promise<void>;
}

/**
 * Starts the program `influxd` on free loopback ports with its data in `folder`.
 * @param data further settings of the section `data`
 */
export async function startInflux(folder: string, program: string, data = ''): Promise<Influx> {
  const [http, rpc] = [await freePort(), await freePort()];
  const config = join(folder, 'influxdb.conf');
  writeFileSync(
    config,
    `reporting-disabled = true\nbind-address = "127.0.0.1:${rpc}"\n[meta]\ndir = "${folder}/meta"\n[data]\ndir = "${folder}/data"\nwal-dir = "${folder}/wal"\nquery-log-enabled = false\n${data}\n[http]\nbind-address = "127.0.0.1:${http}"\nlog-enabled = false\n`,
  );
  const url = `http://127.0.0.1:${http}`;
  let child: ChildProcess;
  const startAgain = async () => {
    child = spawn(program, ['-config', config], { stdio: 'ignore' });
    const missing = new Promise<never>((_, reject) => child.once('error', reject));
    await Promise.race([untilAnswers(url), missing]);
  };
  const stop = async () => {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  };
  await startAgain();
  return { url, stop, startAgain };
}

async function untilAnswers(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await fetch(`${url}/query?q=CREATE+DATABASE+bench`, { method: 'POST' });
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await delay(100);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Bytes of all files in a folder. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
