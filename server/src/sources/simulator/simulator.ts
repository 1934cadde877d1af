import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { Window } from '../../domain/time/window.ts';
import { Weather } from './equipment/weather.ts';
import { FaultBoard, type FaultOptions, FaultSchedule, type FaultTruth } from './faults.ts';
import { Memory } from './memory.ts';
import { FACTORY } from './profiles/factory-profile.ts';
import { HOME } from './profiles/home-profile.ts';
import { RV } from './profiles/rv-profile.ts';
import { hash } from './random.ts';
import { Recorder } from './recorder.ts';
import { SiteClock } from './site-clock.ts';
import type { Profile, SimulatedDevice, SimulatedSite, SiteModel } from './site-model.ts';

export const PROFILES = { home: HOME, rv: RV, factory: FACTORY } as const satisfies Record<string, Profile>;
export type ProfileName = keyof typeof PROFILES;

export interface SimulatorOptions {
  readonly profile: ProfileName;
  readonly seed: number;
  /** First instant, epoch milliseconds. */
  readonly start: number;
  /** Interval between rows; whole milliseconds, at most an hour. */
  readonly stepMs: number;
  /** Default: a few random faults for a demonstration of the profile. */
  readonly faults?: FaultOptions;
  /** Overrides of the profile's site. */
  readonly site?: Partial<SimulatedSite>;
  /** Maximum number of instants per call of `advance`, so that callers can yield; default one day of minutes. */
  readonly maxRows?: number;
}

/** The state of a simulation as plain JSON, from which it can be resumed. */
export interface SimulatorState {
  readonly version: 1;
  readonly profile: ProfileName;
  readonly seed: number;
  /** The next instant, epoch milliseconds. */
  readonly time: number;
  readonly values: readonly (number | null)[];
}

export interface Simulator {
  readonly site: SimulatedSite;
  readonly devices: readonly SimulatedDevice[];
  /** The instant of the next row, epoch milliseconds. */
  readonly time: number;
  /** The faults that overlap a window, sorted by start: known for any time, past or future. */
  faults(window: Window): readonly FaultTruth[];
  /**
   * Advances towards `until` (exclusive) by at most `maxRows` instants and returns their rows; done when `time >= until`. Blocks identify
   * devices by their keys. Rows ascend in time; only prices and carbon intensity, which are published a day ahead, are later than
   * `until`. The time of a row is the start of its step: powers are means over the step, counters are values at that instant.
   * @param stepMs interval between these rows; default the simulator's interval
   */
  advance(until: number, stepMs?: number): Block[];
  state(): SimulatorState;
}

const MAX_STEP_MS = HOUR_MS;
const MAX_ROWS = 1440;

/**
 * Creates a simulation: equal options and steps give equal bytes.
 * @throws InvalidInput for an invalid step, seed or fault
 */
export function createSimulator(options: SimulatorOptions): Simulator {
  return new SimulatorOfProfile(options);
}

/**
 * Resumes a simulation from a state; `options` must be those of the simulator that saved it, except `start`, which is ignored.
 * @throws InvalidInput for a state of another profile, seed or version of the model
 */
export function resumeSimulator(options: SimulatorOptions, state: SimulatorState): Simulator {
  if (state.version !== 1 || state.profile !== options.profile || state.seed !== options.seed) {
    throw new InvalidInput(
      `the state is of profile ${state.profile}, seed ${state.seed}, version ${state.version}; ` +
        `it cannot continue profile ${options.profile}, seed ${options.seed}, version 1`,
    );
  }
  return new SimulatorOfProfile(options, state);
}

class SimulatorOfProfile implements Simulator {
  readonly site: SimulatedSite;
  readonly devices: readonly SimulatedDevice[];
  readonly #options: SimulatorOptions;
  readonly #memory = new Memory();
  readonly #schedule: FaultSchedule;
  readonly #board: FaultBoard;
  readonly #recorder: Recorder;
  readonly #model: SiteModel;
  #time: number;

  constructor(options: SimulatorOptions, state?: SimulatorState) {
    checkStep(options.stepMs);
    if (!Number.isSafeInteger(options.seed)) throw new InvalidInput(`seed must be a integer; got ${options.seed}`);
    if (!Number.isSafeInteger(options.start))
      throw new InvalidInput(`start must be an integer of epoch milliseconds; got ${options.start}`);
    const profile: Profile = PROFILES[options.profile];
    this.#options = options;
    this.#time = state?.time ?? options.start;
    this.site = { ...profile.site, ...options.site };
    this.devices = profile.devices;
    const { latitude, longitude, timezone } = this.site;
    const seed = hash(options.seed, options.profile);
    const faults = options.faults ?? { perDay: profile.faultsPerDay };
    this.#schedule = new FaultSchedule(profile.faultRules, faults, seed, longitude);
    this.#board = new FaultBoard(this.#schedule);
    this.#recorder = new Recorder(this.#memory, this.#board);
    this.#model = profile.build({
      seed,
      site: this.site,
      clock: new SiteClock(timezone),
      weather: new Weather({ ...profile.climate, latitude, longitude }, seed, this.#memory),
      memory: this.#memory,
      board: this.#board,
      recorder: this.#recorder,
    });
    if (state !== undefined) this.#memory.restore(state.values);
  }

  get time(): number {
    return this.#time;
  }

  faults(window: Window): readonly FaultTruth[] {
    return this.#schedule.between(window);
  }

  advance(until: number, stepMs = this.#options.stepMs): Block[] {
    checkStep(stepMs);
    const maxRows = this.#options.maxRows ?? MAX_ROWS;
    for (let rows = 0; rows < maxRows && this.#time < until; rows++) {
      this.#board.moveTo(this.#time);
      this.#model.row(this.#time, stepMs);
      this.#time += stepMs;
    }
    return this.#recorder.take();
  }

  state(): SimulatorState {
    const { profile, seed } = this.#options;
    return { version: 1, profile, seed, time: this.#time, values: this.#memory.save() };
  }
}

function checkStep(stepMs: number): void {
  if (!(Number.isInteger(stepMs) && stepMs > 0 && stepMs <= MAX_STEP_MS)) {
    throw new InvalidInput(`stepMs must be an integer from 1 to ${MAX_STEP_MS}; got ${stepMs}`);
  }
}
