import type { OnProgress } from '../../domain/progress.ts';
import type { Source } from '../../sources/source-port.ts';
import type { DemoService } from './service.ts';

/** Starts and stops the demo, any number of times. */
export class DemoControl {
  readonly #demo: DemoService;
  #source: Source | null = null;
  #ending = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(demo: DemoService) {
    this.#demo = demo;
  }

  /** The demo's source while it runs. */
  readonly sources = (): readonly Source[] => (this.#source === null ? [] : [this.#source]);

  /** Creates the missing site and devices of the demo, unless no demo is wanted. */
  open(): Promise<void> {
    return this.#demo.open();
  }

  /**
   * Creates the history if it is missing and continues with live readings, unless no demo is wanted.
   * @param onProgress receives the completed share of the history, 0 to 1
   */
  async start(onProgress: OnProgress = () => {}): Promise<void> {
    await this.stop();
    const { signal } = this.#ending;
    const prepared = this.#prepare(onProgress, signal);
    // A failure rejects the start itself.
    this.#ended = prepared.then(
      (started) => started?.run,
      () => {},
    );
    await prepared;
  }

  async #prepare(onProgress: OnProgress, signal: AbortSignal): Promise<{ run: Promise<void> } | null> {
    if (!(await this.#demo.wanted())) return null;
    const source = await this.#demo.prepare(onProgress, signal);
    if (signal.aborted) return null;
    this.#source = source;
    return { run: this.#demo.run(source, signal) };
  }

  /** Resolves when the demo has ended. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#ending = new AbortController();
    await this.#ended;
    this.#source = null;
  }
}
