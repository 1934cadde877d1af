import { type App, type StartOptions, startApp } from './app.ts';
import type { Config } from './config/schema.ts';
import { PersistenceChange } from './features/settings/persistence-change.ts';
import { FrontDoor } from './http/front-door.ts';

export interface ReplaceableAppOptions extends Pick<StartOptions, 'config' | 'log' | 'localToken' | 'onDemoProgress'> {
  /** Called with each application when it starts to accept requests. `persistence` is true if it writes to disk. */
  readonly onServing: (app: App, persistence: boolean) => void;
  /** Called when an application was stopped and its replacement failed to start. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * The service as its clients see it: one address. The application behind it is replaced when persistence is switched on in memory-only mode,
 * and when the data folder has been removed or replaced.
 */
export class ReplaceableApp {
  readonly #options: ReplaceableAppOptions;
  readonly #door: FrontDoor;
  readonly #change = new PersistenceChange(Date.now);
  #current: App | null = null;
  /** The replacement in progress. It is awaited before the current application is closed. */
  #changing: Promise<void> = Promise.resolve();

  private constructor(options: ReplaceableAppOptions) {
    this.#options = options;
    this.#door = new FrontDoor({ perAddress: options.config.http.trust_proxy === 0 });
  }

  static async start(options: ReplaceableAppOptions): Promise<ReplaceableApp> {
    const service = new ReplaceableApp(options);
    await service.#start(options.config);
    return service;
  }

  /** The application that currently handles requests. */
  get app(): App {
    return this.#current!;
  }

  /** Stops the service. Takes at most about 10 s. */
  async close(): Promise<void> {
    await this.#changing.catch(() => {});
    await this.app.close();
  }

  async #start(config: Config): Promise<void> {
    const { log, localToken, onServing, onDemoProgress } = this.#options;
    const isFirst = this.#current === null;
    this.#current = await startApp({
      config,
      log,
      localToken,
      door: this.#door,
      change: this.#change,
      ...(isFirst && onDemoProgress && { onDemoProgress }),
      onMoved: () => this.#replaceAfterFolderMove(),
      startNext: () => this.#replaceMemoryOnly(),
    });
    onServing(this.#current, config.persistence);
  }

  /** Starts the application on disk first, then closes the one in memory. */
  async #replaceMemoryOnly(): Promise<void> {
    const { config, log } = this.#options;
    const old = this.app;
    await this.#start({ ...config, persistence: true });
    log.warn(
      `everything is kept in ${config.data_dir} from now on; set persistence to true in the configuration (WATTKEEPER_PERSISTENCE=true), or the next start is in memory again`,
    );
    // Not awaited: it waits for the old application's requests, and this call is part of one of them.
    this.#changing = old
      .retire()
      .catch((error: unknown) => log.error({ err: error }, 'what was in memory could not be closed'));
  }

  /** Two applications cannot use one folder: the old one is closed first, and requests are held until the new one has started. */
  #replaceAfterFolderMove(): void {
    const { config } = this.#options;
    this.#changing = (async () => {
      this.#door.hold();
      await this.app.retire();
      await this.#start({ ...config, persistence: true });
    })();
    this.#changing.catch((error: unknown) => this.#options.onFailure(error));
  }
}
