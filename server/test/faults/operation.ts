import type { Contents } from './contents.ts';
import type { Ledger } from './readings.ts';

/** A process that works on a data folder and is killed. */
export interface Killable {
  /** Resolves to whether it completed; rejects when it failed. */
  readonly ended: Promise<'done' | 'killed'>;
  kill(): void;
}

/** The data folder under test. */
export interface Scene {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Content of the folder before the operation. */
  readonly before: Contents;
  readonly ledger: Ledger;
  /** State of an operation between runs on the folder. */
  readonly notes: Map<string, unknown>;
}

export interface Begin {
  readonly scene: Scene;
  /** Number of the run, by which operations vary. */
  readonly run: number;
  /** To be in the environment of the process, so that its steps are counted. */
  readonly counted: Readonly<Record<string, string>>;
  /** Called when the operation begins, as far as the process was not started for it alone. */
  readonly begins: () => void;
}

/** An operation that a kill may interrupt. */
export interface Operation {
  readonly name: string;
  /** Configuration of every process on the folder. */
  readonly environment: Readonly<Record<string, string>>;
  /** Fills an empty data folder with input for the operation. */
  prepare(folder: string): Promise<void>;
  start(begin: Begin): Promise<Killable>;
  /**
   * Throws when what the folder holds after a kill, or (`done`) after the operation's end, is not what was promised. The readings that were
   * acknowledged and the history are looked at beforehand, unless `holdsOther`.
   */
  check(scene: Scene, done: boolean): Promise<void>;
  /** Whether the operation itself changes what the folder answers, so that `check` alone compares it. */
  readonly holdsOther?: boolean;
}
