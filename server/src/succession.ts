import { type App, type StartOptions, startApp } from './app.ts';
import type { Config } from './config/schema.ts';
import { PersistenceChange } from './features/settings/persistence-change.ts';
import { FrontDoor } from './http/front-door.ts';

export interface SuccessionOptions extends Pick<StartOptions, 'config' | 'log' | 'localToken' | 'onDemoProgress'> {
  /** Called with each application once it answers, and whether it keeps things on disk. */
  readonly onServing: (app: App, persistence: boolean) => void;
  /** Called when no application could be started in the place of one that had to end. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * The service as its clients see it: one address, behind which an application takes the place of another when persistence is switched on in
 * memory-only mode, or when the data folder was removed or replaced.
 */
export class Succession {
  readonly #options: SuccessionOptions;
  readonly #door: FrontDoor;
  readonly #change = new PersistenceChange(Date.now);
  #current: App | null = null;
  /** Work on the present change; ends before the last application is closed. */
  #changing: Promise<void> = Promise.resolve();

  private constructor(options: SuccessionOptions) {
    this.#options = options;
    this.#door = new FrontDoor({ perAddress: options.config.http.trust_proxy === 0 });
  }

  static async start(options: SuccessionOptions): Promise<Succession> {
    const succession = new Succession(options);
    await succession.#start(options.config);
    return succession;
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
      onMoved: () => this.#afterFolder(),
      startNext: () => this.#fromMemory(),
    });
    onServing(this.#current, config.persistence);
  }

  /** The application in memory answers no more, and is closed after the one on disk does. */
  async #fromMemory(): Promise<void> {
    const { config, log } = this.#options;
    const old = this.app;
    await this.#start({ ...config, persistence: true });
    log.warn(
      `everything is kept in ${config.data_dir} from now on; set persistence to true in the configuration (WATTKEEPER_PERSISTENCE=true), or the next start is in memory again`,
    );
    // Not awaited here: it waits for what is under way in it, which this call is a part of.
    this.#changing = old
      .retire()
      .catch((error: unknown) => log.error({ err: error }, 'what was in memory could not be closed'));
  }

  /** Two applications cannot have the same folder: the old one is closed first, and requests wait. */
  #afterFolder(): void {
    const { config } = this.#options;
    this.#changing = (async () => {
      this.#door.hold();
      await this.app.retire();
      await this.#start({ ...config, persistence: true });
    })();
    this.#changing.catch((error: unknown) => this.#options.onFailure(error));
  }
}
