import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { requireService, runningService } from './running-service.ts';
import { ServiceApi, type ServiceApiOptions } from './service-api.ts';

/** Options that all commands share. */
export interface SharedOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
}

/** One run of a command: its shared options, configuration and service, and the signal of Ctrl-C. */
export class Invocation {
  readonly options: SharedOptions;
  readonly environment: Environment;
  #config: Config | undefined;
  #interrupt: AbortController | undefined;
  readonly #onSignal = (name: InterruptSignal) => this.#interrupt?.abort(new Interrupted(name));

  constructor(options: SharedOptions, environment: Environment) {
    this.options = options;
    this.environment = environment;
  }

  /** @throws InvalidInput with all invalid settings */
  get config(): Config {
    this.#config ??= loadConfig({ file: this.options.config, environment: this.environment });
    return this.#config;
  }

  /** Aborts on Ctrl-C and SIGTERM. Before a command reads this property, and on a second Ctrl-C or SIGTERM, the process ends immediately. */
  get signal(): AbortSignal {
    if (this.#interrupt === undefined) {
      this.#interrupt = new AbortController();
      for (const name of SIGNALS) process.once(name, this.#onSignal);
    }
    return this.#interrupt.signal;
  }

  /** The interruption that ended the command early, or null. */
  get interrupted(): Interrupted | null {
    const { signal } = this.#interrupt ?? {};
    return signal?.aborted ? (signal.reason as Interrupted) : null;
  }

  /** The service that the command uses; null: no process uses the data folder, and the command uses it directly. @throws as `runningService` */
  async service(options: Omit<ServiceApiOptions, 'signal'> = {}): Promise<ServiceApi | null> {
    const found = await runningService(this.config, this.environment, this.options);
    return found && new ServiceApi(found, { ...options, signal: this.signal });
  }

  /** Stops handling Ctrl-C and SIGTERM. */
  end(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }

  /** @throws as `requireService` */
  async requireService(): Promise<ServiceApi> {
    const found = await requireService(this.config, this.environment, this.options);
    return new ServiceApi(found, { signal: this.signal });
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type InterruptSignal = (typeof SIGNALS)[number];
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The user pressed Ctrl-C, or the process received SIGTERM. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: InterruptSignal) {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.exitCode = EXIT_CODES[signal];
  }
}
