import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '../journeys/service.ts';

const PING_EVERY_MS = 10;

/** Memory of a service's process: current and peak. Linux. */
export function memoryMb({ pid }: Service, key: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024;
}

/** Requests a service every 10 ms; returns the statuses. */
export async function ping(service: Service, until: AbortSignal): Promise<Set<number>> {
  const statuses = new Set<number>();
  while (!until.aborted) {
    statuses.add((await fetch(`${service.url}/ping`)).status);
    await sleep(PING_EVERY_MS);
  }
  return statuses;
}
