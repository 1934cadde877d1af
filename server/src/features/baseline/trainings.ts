import type { BaselineModel, BaselineTraining, TrainedBaseline } from '@wattkeeper/contract/analytics/baseline.ts';
import { v7 as newId } from 'uuid';
import type { JobRun } from '../../domain/job-run.ts';
import type { BaselineService, OnProgress } from './service.ts';

export const TRAINING_JOB = 'baseline-training';

/** A training that takes longer goes on as a job. */
const PATIENCE_MS = 5_000;
/** Trainings that a job is to follow; the oldest is let go, and its job trains anew. */
const MAX_UNDERWAY = 100;

interface Underway {
  readonly done: Promise<TrainedBaseline>;
  readonly abort: AbortController;
  readonly listener: { tell: OnProgress };
}

/** Trainings that were asked for: short ones are waited for, long ones go on as jobs. */
export class Trainings {
  readonly #baselines: BaselineService;
  readonly #patienceMs: number;
  readonly #underway = new Map<string, Underway>();

  /** @param patienceMs 0: every training is a job */
  constructor(baselines: BaselineService, patienceMs = PATIENCE_MS) {
    this.#baselines = baselines;
    this.#patienceMs = patienceMs;
  }

  /** @throws NotFound or InvalidInput unless it is a machine that can have a baseline */
  check(machineId: string): void {
    this.#baselines.check(machineId);
  }

  /**
   * The model, or the job that makes it.
   * @param startJob starts the training as a job, in the name of the caller
   */
  async train(
    request: BaselineTraining,
    startJob: (params: object) => Promise<JobRun>,
  ): Promise<{ trained: TrainedBaseline } | { job: JobRun }> {
    const abort = new AbortController();
    const listener: Underway['listener'] = { tell: () => {} };
    const done = this.#baselines.train(request, abort.signal, (...progress) => listener.tell(...progress));
    const patience = Promise.withResolvers<null>();
    const timer = setTimeout(() => patience.resolve(null), this.#patienceMs);
    if (this.#patienceMs === 0) patience.resolve(null);
    try {
      const trained = await Promise.race([done, patience.promise]);
      if (trained !== null) return { trained };
      done.catch(() => {});
      return { job: await this.#handOver({ done, abort, listener }, request, startJob) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Trains as a job, or follows the training that became one. The model without its series: that is kept with the run. */
  async run(
    { training_id: id, ...request }: BaselineTraining & { readonly training_id?: string | undefined },
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<BaselineModel> {
    const underway = id === undefined ? undefined : this.#underway.get(id);
    if (id !== undefined) this.#underway.delete(id);
    if (underway) {
      underway.listener.tell = onProgress;
      signal.addEventListener('abort', () => underway.abort.abort(signal.reason));
    }
    const { series: _, ...model } = await (underway?.done ?? this.#baselines.train(request, signal, onProgress));
    return model;
  }

  async #handOver(
    underway: Underway,
    request: BaselineTraining,
    startJob: (params: object) => Promise<JobRun>,
  ): Promise<JobRun> {
    const id = newId();
    const [oldest] = this.#underway.keys();
    if (this.#underway.size >= MAX_UNDERWAY && oldest !== undefined) this.#underway.delete(oldest);
    this.#underway.set(id, underway);
    try {
      return await startJob({ ...request, training_id: id });
    } catch (error) {
      this.#underway.delete(id);
      underway.abort.abort(error);
      throw error;
    }
  }
}
