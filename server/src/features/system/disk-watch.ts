import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { DiskMetrics } from '@wattkeeper/contract/service.ts';
import { type DiskSample, diskForecast } from '../../analytics/storage/disk-forecast.ts';
import type { NamedStates } from '../../storage/records/named-states.ts';

const STATE_KEY = 'disk';
/** Hourly samples: six weeks. */
const MAX_SAMPLES = 1000;
/** A warning is given if the disk will be full within this time. */
const SOON_DAYS = 14;

/** Measures how fast the data folder fills its disk. The samples survive a restart. */
export class DiskWatch {
  readonly #folder: string;
  readonly #states: NamedStates;
  readonly #now: () => number;
  #samples: readonly DiskSample[] = [];

  private constructor(folder: string, states: NamedStates, now: () => number) {
    this.#folder = folder;
    this.#states = states;
    this.#now = now;
  }

  static async open(folder: string, states: NamedStates, now: () => number): Promise<DiskWatch> {
    const watch = new DiskWatch(folder, states, now);
    const stored = await states.get(STATE_KEY);
    watch.#samples = (stored?.state as { samples: DiskSample[] } | undefined)?.samples ?? [];
    return watch;
  }

  async metrics(): Promise<DiskMetrics> {
    const { bavail, blocks, bsize } = await statfs(this.#folder);
    const usedBytes = await sizeOf(this.#folder);
    const freeBytes = bavail * bsize;
    const known = [...this.#samples, { at: this.#now(), usedBytes }];
    const { growthBytesPerDay, fullInDays } = diskForecast(known, freeBytes);
    return {
      free_bytes: freeBytes,
      total_bytes: blocks * bsize,
      used_bytes: usedBytes,
      growth_bytes_per_day: growthBytesPerDay,
      full_in_days: fullInDays,
      full_at: fullInDays === null || fullInDays > 36_500 ? null : formatInstant(this.#now() + fullInDays * UTC_DAY_MS),
    };
  }

  /** Measures the folder, and stores the sample. */
  async sample(): Promise<DiskMetrics> {
    const metrics = await this.metrics();
    const sample = { at: this.#now(), usedBytes: metrics.used_bytes };
    this.#samples = [...this.#samples, sample].slice(-MAX_SAMPLES);
    await this.#states.put(STATE_KEY, { samples: this.#samples });
    this.#last = metrics;
    return metrics;
  }

  #last: DiskMetrics | null = null;

  /** Warnings as of the last measurement. */
  warnings(): string[] {
    const days = this.#last?.full_in_days ?? null;
    if (days === null || days > SOON_DAYS) return [];
    return [
      `the disk of ${this.#folder} will be full in about ${Math.max(Math.round(days), 1)} days at the current rate`,
    ];
  }
}

/** Bytes of all files below a folder; files deleted in the meantime are ignored. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const found = await stat(join(entry.parentPath, entry.name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    bytes += found?.size ?? 0;
  }
  return bytes;
}
