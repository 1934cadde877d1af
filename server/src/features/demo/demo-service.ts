import { UTC_DAY_MS } from '../../domain/window.ts';
import { firstHome, HOME_DEVICES, HOME_SITE, Home, type HomeState } from '../../sources/demo-home/home.ts';
import { SimulatorSource } from '../../sources/demo-home/source.ts';
import type { Source } from '../../sources/source.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';
import type { IngestService } from '../ingest/ingest-service.ts';

export interface DemoOptions {
  readonly records: RecordStore;
  readonly directory: DeviceDirectory;
  readonly intake: IngestService;
  readonly now: () => number;
  /** undefined: as long as no device of one's own is known. */
  readonly enabled: boolean | undefined;
  readonly historyDays: number;
  readonly seed: number;
}

const STATE_KEY = 'demo';
const HISTORY_STEP_MS = 60_000;
const PIECE_MS = 5 * UTC_DAY_MS;

/** A simulated home for who has nothing connected yet: some history at once, then live. It ends when a device of one's own reports. */
export class DemoService {
  readonly #options: DemoOptions;
  #siteId: string | null = null;

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  /** Whether there is to be a demo. */
  async wanted(): Promise<boolean> {
    const { enabled, directory, records } = this.#options;
    if (enabled !== undefined) return enabled;
    const demoSites = new Set((await records.sites.list()).filter(({ isDemo }) => isDemo).map(({ id }) => id));
    return directory.all().every(({ siteId }) => demoSites.has(siteId));
  }

  /**
   * Makes the site, its devices and its history, where they are missing, and answers the source that goes on from there.
   * @param onProgress told the share of the history that is made, 0 to 1
   */
  async prepare(onProgress: (share: number) => void, signal: AbortSignal): Promise<Source> {
    const { records, now, historyDays, seed } = this.#options;
    this.#siteId = await this.#ensureSite();
    const kept = (await records.importStates.get(STATE_KEY))?.state as HomeState | undefined;
    const start = Math.floor((now() - historyDays * UTC_DAY_MS) / HISTORY_STEP_MS) * HISTORY_STEP_MS;
    const home = new Home(kept ?? firstHome(start, seed));
    if (!kept) await this.#makeHistory(home, start, onProgress, signal);
    return new SimulatorSource({ home, now, onState: (state) => records.importStates.put(STATE_KEY, state) });
  }

  /** Runs the source until `signal` fires or the demo is not wanted any more. */
  async run(source: Source, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    await source.start(
      async (blocks) => {
        if (this.#options.enabled === undefined && this.#hasOwnDevice()) {
          ended.abort();
          return { accepted: 0, rejected: 0 };
        }
        return this.#options.intake.accept(blocks.map(named));
      },
      AbortSignal.any([signal, ended.signal]),
    );
  }

  async #makeHistory(
    home: Home,
    start: number,
    onProgress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { intake, now, records } = this.#options;
    const end = Math.floor(now() / HISTORY_STEP_MS) * HISTORY_STEP_MS;
    while (home.now < end && !signal.aborted) {
      await intake.accept(home.advance(Math.min(home.now + PIECE_MS, end), HISTORY_STEP_MS).map(named));
      onProgress((home.now - start) / (end - start));
    }
    if (!signal.aborted) await records.importStates.put(STATE_KEY, home.state());
  }

  async #ensureSite(): Promise<string> {
    const { sites, devices } = this.#options.records;
    const known = (await sites.list()).find(({ isDemo }) => isDemo);
    const site = known ?? (await sites.create({ ...HOME_SITE, isDemo: true }));
    for (const { name, kind } of HOME_DEVICES) {
      if (!(await devices.find(name))) await devices.create({ name, kind, siteId: site.id });
    }
    return site.id;
  }

  #hasOwnDevice(): boolean {
    return this.#options.directory.all().some(({ siteId }) => siteId !== this.#siteId);
  }
}

const NAME_OF: Readonly<Record<string, string>> = Object.fromEntries(HOME_DEVICES.map(({ key, name }) => [key, name]));

function named<T extends { readonly devices: readonly string[] }>(block: T): T {
  return { ...block, devices: block.devices.map((key) => NAME_OF[key] ?? key) };
}
