import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleServer } from './bundle.mjs';

const checkout = mkdtempSync(join(tmpdir(), 'wattkeeper-bundle-'));
const main = join(checkout, 'server/dist/main.js');

beforeAll(async () => {
  write('package.json', '{ "type": "module", "version": "1.2.3" }');
  write(
    'server/src/main.ts',
    `import { Worker } from 'node:worker_threads';
import { VERSION } from './config/version.ts';
type Unused = string;
class Damaged extends Error {}
const [what] = process.argv.slice(2);
if (what === 'version') console.log(VERSION);
if (what === 'fail') throw new Damaged('broken');
if (what === 'later') console.log((await import('./later.ts')).Later.name);
if (what === 'thread') {
  const worker = new Worker(new URL('./threads/adder.worker.ts', import.meta.url), { workerData: [2, 3] });
  worker.on('message', (sum) => console.log(sum));
}
`,
  );
  write(
    'server/src/config/version.ts',
    `import { readFileSync } from 'node:fs';
export const VERSION: string = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;
`,
  );
  write('server/src/later.ts', 'export class Later {}\n');
  write(
    'server/src/threads/adder.worker.ts',
    `import { parentPort, workerData } from 'node:worker_threads';
const [a, b]: [number, number] = workerData;
parentPort!.postMessage(\`\${a + b} at \${new Error('here').stack!.split('\\n')[1]}\`);
`,
  );
  await bundleServer(checkout);
  // Only the bundle runs.
  for (const path of ['main.ts', 'later.ts', 'threads/adder.worker.ts', 'config/version.ts']) {
    rmSync(join(checkout, 'server/src', path));
  }
});

afterAll(() => rmSync(checkout, { recursive: true, force: true }));

describe('the bundled server', () => {
  it('finds files relative to its sources', async () => {
    expect(await run('version')).toBe('1.2.3\n');
  });

  it('starts its threads from the bundle, whose stack traces name the source', async () => {
    expect(await run('thread')).toMatch(/^5 at .*\/server\/src\/threads\/adder\.worker\.ts:3:\d+/);
  });

  it('keeps lazy imports lazy, and keeps the names of classes', async () => {
    expect(await run('later')).toBe('Later\n');
  });

  it('shows the source and the class in the stack trace of an error', async () => {
    await expect(run('fail')).rejects.toThrow(/Damaged.*: broken\n {4}at file:\S*\/server\/src\/main\.ts:7:\d+/);
  });
});

async function run(what: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, what]);
  return stdout;
}

function write(path: string, content: string): void {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), content);
}
