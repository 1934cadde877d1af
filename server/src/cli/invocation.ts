import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { requireService, runningService } from './running-service.ts';
import { ServiceApi, type ServiceApiOptions } from './service-api.ts';

/** The options that commands have in common. */
export interface SharedOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
}

/** One run of a command: what its shared options name, and the signal of Ctrl-C. */
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

  /** @throws InvalidInput with every setting that is wrong */
  get config(): Config {
    this.#config ??= loadConfig({ file: this.options.config, environment: this.environment });
    return this.#config;
  }

  /** Aborts at Ctrl-C and SIGTERM. Until a command takes it, both end the process at once, as they do the second time. */
  get signal(): AbortSignal {
    if (this.#interrupt === undefined) {
      this.#interrupt = new AbortController();
      for (const name of SIGNALS) process.once(name, this.#onSignal);
    }
    return this.#interrupt.signal;
  }

  /** What ended the command early, if anything did. */
  get interrupted(): Interrupted | null {
    const { signal } = this.#interrupt ?? {};
    return signal?.aborted ? (signal.reason as Interrupted) : null;
  }

  /** The service that the command works on; null: the data folder, which no process uses. @throws as `runningService` */
  async service(options: Omit<ServiceApiOptions, 'signal'> = {}): Promise<ServiceApi | null> {
    const found = await runningService(this.config, this.environment, this.options);
    return found && new ServiceApi(found, { ...options, signal: this.signal });
  }

  /** Ends the command's part in Ctrl-C and SIGTERM. */
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

/** Someone pressed Ctrl-C or ended the process. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: InterruptSignal) {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.exitCode = EXIT_CODES[signal];
  }
}
