import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { StorageMetrics } from '@wattkeeper/contract/service.ts';
import { expect } from 'vitest';

/** The administrator's token of every service that a test starts. */
export const TOKEN = 'token-of-a-test-0123456789';
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A folder that vanishes with `remove`. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'wattkeeper-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The real service in its own process, on a free loopback port. */
export interface Service {
  readonly url: string;
  readonly signInLink: string;
  readonly pid: number;
  /** The text written to stderr so far. */
  log(): string;
  /** Resolves once the process has written this text to stderr; rejects when it ends first. */
  logged(text: string): Promise<void>;
  request(path: string, init?: RequestInit): Promise<Response>;
  json<T = unknown>(path: string, init?: RequestInit): Promise<T>;
  /** The signal that ended the process, or its exit code; null while it runs. */
  outcome(): NodeJS.Signals | number | null;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Starts the service on a data folder; rejects with its output when it ends before it is ready. */
export async function startService(dataFolder: string, environment: Record<string, string> = {}): Promise<Service> {
  const child = spawn(process.execPath, ['server/src/main.ts', 'start', '--json'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: dataFolder,
      WATTKEEPER_DATA_DIR: dataFolder,
      WATTKEEPER_HTTP__PORT: '0',
      WATTKEEPER_DEMO__ENABLED: 'false',
      WATTKEEPER_AUTH__ADMIN_TOKEN: TOKEN,
      WATTKEEPER_LOG__LEVEL: 'warn',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (data: Buffer) => {
    log += data.toString();
  });
  const ready = await firstJson(child, () => log);
  const request = (path: string, init: RequestInit = {}) =>
    fetch(ready.url + path, { ...init, headers: { authorization: `Bearer ${TOKEN}`, ...init.headers } });
  return {
    url: ready.url,
    signInLink: ready.sign_in_link,
    pid: child.pid!,
    log: () => log,
    logged: (text) =>
      new Promise((resolve, reject) => {
        const look = () => log.includes(text) && resolve();
        child.stderr.on('data', look);
        child.once('exit', () => reject(new Error(`the service ended before it logged "${text}":\n${log}`)));
        look();
      }),
    request,
    json: async <T>(path: string, init?: RequestInit) => {
      const response = await request(path, init);
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as T;
    },
    outcome: () => child.signalCode ?? child.exitCode,
    stop: () => ended(child, 'SIGTERM'),
    kill: async () => {
      await ended(child, 'SIGKILL');
    },
  };
}

/** Starts the service with a demo, and waits until its history is complete. */
export async function startDemo(dataFolder: string, profile: 'home' | 'factory', days: number): Promise<Service> {
  const service = await startService(dataFolder, {
    WATTKEEPER_DEMO__ENABLED: 'true',
    WATTKEEPER_DEMO__PROFILE: profile,
    WATTKEEPER_DEMO__HISTORY_DAYS: String(days),
    WATTKEEPER_LOG__LEVEL: 'info',
  });
  await service.logged("the demo's history is complete");
  return service;
}

/** Posts readings and returns the parsed response. */
export function postReadings(service: Service, readings: unknown): Promise<Response> {
  return service.request('/api/v1/readings', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(readings),
  });
}

/** Waits until every store has all acknowledged readings: a month with readings that wait in the journal is archived on a later night. */
export async function settled(service: Service): Promise<void> {
  const lags = async () =>
    (await service.json<StorageMetrics>('/api/v1/storage/metrics')).stores.map((store) => store.lag_batches);
  await expect.poll(async () => Math.max(...(await lags()))).toBe(0);
}

function firstJson(child: ChildProcess, log: () => string): Promise<{ url: string; sign_in_link: string }> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      if (line.startsWith('{"url"')) resolve(JSON.parse(line) as { url: string; sign_in_link: string });
    });
    child.once('exit', (code, signal) =>
      reject(new Error(`the service ended (${code ?? signal}) before it was ready:\n${log()}`)),
    );
  });
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill(signal);
  });
}
