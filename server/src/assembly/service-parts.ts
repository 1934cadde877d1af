import type { Health } from '@wattkeeper/contract/service.ts';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { ModelPool } from '../jobs/model-pool.ts';
import type { Pipeline } from './pipeline.ts';

/** What services are built on. */
export interface ServiceParts {
  readonly pipeline: Pipeline;
  readonly models: ModelPool;
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  readonly startedAt: number;
  /** Opens the API to the commands of this machine's user. */
  readonly localToken?: string | undefined;
  /** Why the data folder that replaces a removed one cannot be used. */
  readonly recovery: { warnings(): string[] };
  /** Asked once the scheduler is there. */
  readonly schedulerState: () => Health['scheduler'];
}
