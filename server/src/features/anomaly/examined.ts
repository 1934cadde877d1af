import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { z } from 'zod';
import type { Window } from '../../domain/time/window.ts';
import type { NamedStates } from '../../storage/records/named-states.ts';

const STATE_KEY = 'anomaly-examined';
/** Maximum number of separate periods stored per device; the oldest are dropped first. */
export const MAX_EXAMINED_WINDOWS = 100;
/** Maximum age of examined history. */
const MAX_HISTORY_MS = 365 * UTC_DAY_MS;
/** Maximum length of a window in which history is examined. */
const PIECE_MS = 31 * UTC_DAY_MS;
const State = z.record(z.string(), z.array(z.tuple([z.number(), z.number()])));

/** The periods of each device that were examined for anomalies. Survives a restart. */
export class ExaminedTimes {
  readonly #states: Pick<NamedStates, 'get' | 'put'>;
  #loading: Promise<Map<string, readonly Window[]>> | null = null;

  constructor(states: Pick<NamedStates, 'get' | 'put'>) {
    this.#states = states;
  }

  /** Separate windows, ascending. */
  async of(deviceId: string): Promise<readonly Window[]> {
    return (await this.#load()).get(deviceId) ?? [];
  }

  async add(deviceId: string, window: Window): Promise<void> {
    const examined = await this.#load();
    examined.set(deviceId, joined([...(examined.get(deviceId) ?? []), window]).slice(-MAX_EXAMINED_WINDOWS));
    const state = [...examined].map(([id, windows]) => [id, windows.map(({ start, end }) => [start, end])]);
    await this.#states.put(STATE_KEY, Object.fromEntries(state));
  }

  #load(): Promise<Map<string, readonly Window[]>> {
    this.#loading ??= this.#read().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  async #read(): Promise<Map<string, readonly Window[]>> {
    const found = State.safeParse((await this.#states.get(STATE_KEY))?.state).data ?? {};
    return new Map(Object.entries(found).map(([id, of]) => [id, of.map(([start, end]) => ({ start, end }))]));
  }
}

/**
 * The part of a device's history that was not examined yet, newest first, in windows of at most a month.
 * @param judgeableFrom start of the assessable history, after the minimum reference
 * @param until start of the recent history, which is examined separately
 */
export function unexamined(examined: readonly Window[], judgeableFrom: number, until: number, now: number): Window[] {
  const from = Math.max(judgeableFrom, now - MAX_HISTORY_MS);
  const pieces: Window[] = [];
  let end = until;
  for (const done of [...examined].reverse()) {
    pieces.push(...inPieces(Math.max(from, done.end), end));
    end = Math.min(end, done.start);
  }
  return [...pieces, ...inPieces(from, end)];
}

function inPieces(from: number, until: number): Window[] {
  const pieces: Window[] = [];
  for (let end = until; end > from; end -= PIECE_MS) pieces.push({ start: Math.max(from, end - PIECE_MS), end });
  return pieces;
}

/** Merges windows that overlap or touch. */
function joined(windows: readonly Window[]): Window[] {
  const all: Window[] = [];
  for (const window of [...windows].sort((a, b) => a.start - b.start)) {
    const last = all.at(-1);
    if (last === undefined || last.end < window.start) all.push(window);
    else all[all.length - 1] = { start: last.start, end: Math.max(last.end, window.end) };
  }
  return all;
}
