import type { Health } from '@wattkeeper/contract/service.ts';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { ModelPool } from '../jobs/model-pool.ts';
import type { Pipeline } from './pipeline.ts';

/** The parts that services use. */
export interface ServiceParts {
  readonly pipeline: Pipeline;
  readonly models: ModelPool;
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  readonly startedAt: number;
  /** Token with which commands of the local user access the API. */
  readonly localToken?: string | undefined;
  /** Reports why the replacement of a removed data folder cannot be used. */
  readonly recovery: { warnings(): string[] };
  /** Called only after the scheduler has been created. */
  readonly schedulerState: () => Health['scheduler'];
}
