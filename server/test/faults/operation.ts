import type { Contents } from './contents.ts';
import type { Ledger } from './readings.ts';

/** A process that works on a data folder and is killed. */
export interface Killable {
  /** Resolves with whether it ended by itself; rejects when it did with a failure. */
  readonly ended: Promise<'done' | 'killed'>;
  kill(): void;
}

/** A data folder in the middle of all this. */
export interface Scene {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the folder answered before the operation. */
  readonly before: Contents;
  readonly ledger: Ledger;
  /** What an operation wants to remember from one run on the folder to the next. */
  readonly notes: Map<string, unknown>;
}

export interface Begin {
  readonly scene: Scene;
  /** Counts up with every run: operations vary by it. */
  readonly run: number;
  /** To be in the environment of the process, so that its steps are counted. */
  readonly counted: Readonly<Record<string, string>>;
  /** Called when the operation begins, as far as the process was not started for it alone. */
  readonly begins: () => void;
}

/** Something that a kill may cut off. */
export interface Operation {
  readonly name: string;
  /** Configuration of every process on the folder. */
  readonly environment: Readonly<Record<string, string>>;
  /** Fills an empty data folder, so that the operation has something to do. */
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
