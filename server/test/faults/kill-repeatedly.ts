import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '../journeys/service.ts';
import { difference, readFolder } from './contents.ts';
import { KillPlan } from './kill-plan.ts';
import type { Operation, Scene } from './operation.ts';
import { Ledger, LIVE } from './readings.ts';

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  readonly onKill?: (kills: number) => void;
  /** Keeps the folder of a violated guarantee; the error contains its path. */
  readonly keepFailed?: boolean;
}

export interface KillReport {
  readonly kills: number;
  /** Kills before a change of the file system or a database, and kills at an instant. */
  readonly atSteps: number;
  readonly atInstants: number;
  /** Kills of an operation that had already been killed on the same folder. */
  readonly inARow: number;
  /** Steps and duration of the operation without a kill. */
  readonly steps: number;
  readonly lengthMs: number;
  /** Number of completions after kills, each verified. */
  readonly finished: number;
  readonly acknowledged: number;
}

type Point = { readonly step: number } | { readonly afterMs: number } | null;

/** Maximum of consecutive kills on one folder. */
const ROW = 8;
/** How often a folder on which a kill was survived goes on to the next one; always where there are few kills. */
const GOES_ON = 0.75;
const MANY = 20;

/**
 * Kills an operation repeatedly: half of the kills before single steps, half at instants, both spread over its duration. After each kill,
 * the folder is opened and compared; after every few kills, the operation is completed and compared again.
 * @throws Error with the seed, the kill and the difference at the first violated guarantee
 */
export async function killRepeatedly(
  operation: Operation,
  { kills, seed, onKill, keepFailed = false }: KillOptions,
): Promise<KillReport> {
  const world = temporaryFolder();
  try {
    const report = await new Killing(operation, world.path, seed).run(kills, onKill);
    world.remove();
    return report;
  } catch (error) {
    if (!keepFailed) world.remove();
    throw error;
  }
}

class Killing {
  readonly #operation: Operation;
  readonly #world: string;
  readonly #seed: number;
  readonly #random: () => number;
  #runs = 0;
  #misses = 0;
  #length = { steps: 0, ms: 0 };
  #report = { kills: 0, atSteps: 0, atInstants: 0, inARow: 0, finished: 0, acknowledged: 0 };

  constructor(operation: Operation, world: string, seed: number) {
    this.#operation = operation;
    this.#world = world;
    this.#seed = seed;
    this.#random = randomOf(seed);
  }

  async run(kills: number, onKill: KillOptions['onKill']): Promise<KillReport> {
    const template = join(this.#world, 'template');
    mkdirSync(template);
    await this.#operation.prepare(template);
    const before = await readFolder(template, this.#operation.environment, [LIVE]);
    // The first run compiles; the second has a representative duration, so that kills reach every phase.
    for (let i = 0; i < (kills < MANY ? 1 : 2); i++) {
      const undisturbed = this.#scene(before);
      await this.#run(undisturbed, null, (steps, ms) => {
        this.#length = { steps, ms };
      });
      await this.#check(undisturbed, true);
    }
    while (this.#report.kills < kills) {
      const scene = this.#scene(before);
      let outcome: 'killed' | 'done' = 'killed';
      for (let row = 0; row < ROW && outcome === 'killed' && this.#report.kills < kills; row++) {
        outcome = await this.#run(scene, this.#point(this.#report.kills, kills));
        this.#misses = outcome === 'killed' ? 0 : this.#misses + 1;
        if (outcome === 'killed') {
          this.#count(row);
          onKill?.(this.#report.kills);
        }
        await this.#check(scene, outcome === 'done');
        if (kills >= MANY && this.#random() > GOES_ON) break;
      }
      if (outcome === 'killed') {
        await this.#run(scene, null);
        await this.#check(scene, true);
      }
      this.#report.finished++;
      this.#report.acknowledged += scene.ledger.acknowledged;
      rmSync(scene.folder, { recursive: true });
    }
    return { ...this.#report, steps: this.#length.steps, lengthMs: Math.round(this.#length.ms) };
  }

  #scene(before: Scene['before']): Scene {
    const folder = join(this.#world, `folder-${this.#runs}`, 'data');
    cpSync(join(this.#world, 'template'), folder, { recursive: true });
    return { folder, environment: this.#operation.environment, before, ledger: new Ledger(), notes: new Map() };
  }

  /** Even kills before a step, odd ones at an instant; each kind in strata, so that every phase has its share. */
  #point(kill: number, kills: number): Exclude<Point, null> {
    const strata = Math.ceil(kills / 2);
    // An operation that ended before its kill is repeated with an earlier kill.
    const share = (((kill >> 1) + this.#random()) / strata) * 0.5 ** this.#misses;
    return kill % 2 === 0 ? { step: 1 + Math.floor(share * this.#length.steps) } : { afterMs: share * this.#length.ms };
  }

  #count(row: number): void {
    if (this.#report.kills % 2 === 0) this.#report.atSteps++;
    else this.#report.atInstants++;
    if (row > 0) this.#report.inARow++;
    this.#report.kills++;
  }

  /** Starts the operation on a folder and kills it at a point, unless it ends first. */
  async #run(scene: Scene, point: Point, measured: (steps: number, ms: number) => void = () => {}) {
    const run = this.#runs++;
    const plan = new KillPlan(join(this.#world, `steps-${run}`));
    let [steps, at] = [0, performance.now()];
    let over = false;
    const begins = () => {
      [steps, at] = [plan.steps, performance.now()];
      if (point !== null && 'step' in point) plan.killAt(steps + point.step);
    };
    const counted = {
      NODE_OPTIONS: plan.args.join(' '),
      NODE_COMPILE_CACHE: join(this.#world, 'compiled'),
      ...plan.environment,
    };
    const process = await this.#operation.start({ scene, run, counted, begins });
    const ended = process.ended.finally(() => {
      over = true;
    });
    if (point !== null && 'afterMs' in point) {
      await Promise.race([delay(Math.max(0, at + point.afterMs - performance.now())), ended]);
      if (!over) process.kill();
    }
    const outcome = await ended.catch((error: unknown) => this.#fail('the operation failed', error));
    measured(plan.steps - steps, performance.now() - at);
    return outcome;
  }

  async #check(scene: Scene, done: boolean): Promise<void> {
    try {
      if (!this.#operation.holdsOther) {
        const found = await readFolder(scene.folder, scene.environment, [LIVE]);
        const wrong = difference(scene.before, found) ?? scene.ledger.difference(found);
        if (wrong !== null) throw new Error(wrong);
      }
      await this.#operation.check(scene, done);
    } catch (error) {
      this.#fail(done ? 'after its end' : 'after a kill', error);
    }
  }

  #fail(when: string, cause: unknown): never {
    const { name } = this.#operation;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `${name}, seed ${this.#seed}, run ${this.#runs - 1} in ${this.#world}, after ${this.#report.kills} kills: ${when}: ${what}`,
      { cause },
    );
  }
}

/** Repeatable random numbers from 0 to below 1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
