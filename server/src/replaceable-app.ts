import { type App, type StartOptions, startApp } from './app.ts';
import type { Config } from './config/schema.ts';
import { PersistenceChange } from './features/settings/persistence-change.ts';
import { FrontDoor } from './http/front-door.ts';

export interface ReplaceableAppOptions extends Pick<StartOptions, 'config' | 'log' | 'localToken' | 'onDemoProgress'> {
  /** Called with each application once it answers, and whether it writes to disk. */
  readonly onServing: (app: App, persistence: boolean) => void;
  /** Called when an application had to end and the next one could not be started. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * The service as its clients see it: one address. The application that answers there is replaced by a new one when persistence is switched on
 * in memory-only mode, and when the data folder was removed or replaced.
 */
export class ReplaceableApp {
  readonly #options: ReplaceableAppOptions;
  readonly #door: FrontDoor;
  readonly #change = new PersistenceChange(Date.now);
  #current: App | null = null;
  /** The replacement that is under way; awaited before the last application is closed. */
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

  /** The application that answers now. */
  get app(): App {
    return this.#current!;
  }

  /** Ends the service: at most about 10 s. */
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

  /** The application on disk answers first; then the one in memory is closed. */
  async #replaceMemoryOnly(): Promise<void> {
    const { config, log } = this.#options;
    const old = this.app;
    await this.#start({ ...config, persistence: true });
    log.warn(
      `everything is kept in ${config.data_dir} from now on; set persistence to true in the configuration (WATTKEEPER_PERSISTENCE=true), or the next start is in memory again`,
    );
    // Not awaited: it waits for the requests of the old application, and this call serves one of them.
    this.#changing = old
      .retire()
      .catch((error: unknown) => log.error({ err: error }, 'what was in memory could not be closed'));
  }

  /** Two applications cannot use one folder: the old one is closed first, and requests wait meanwhile. */
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
