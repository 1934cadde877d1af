import { setImmediate } from 'node:timers/promises';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import {
  createSimulator,
  type ProfileName,
  resumeSimulator,
  type Simulator,
  type SimulatorOptions,
  type SimulatorState,
} from '../../sources/simulator/simulator.ts';
import { simulatorSource } from '../../sources/simulator/simulator-source.ts';
import type { Source } from '../../sources/source-port.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';
import type { IngestService } from '../ingest/service.ts';

export interface DemoOptions {
  readonly records: RecordStore;
  readonly directory: DeviceDirectory;
  readonly intake: Pick<IngestService, 'accept'>;
  readonly now: () => number;
  /** undefined: active until a real device is registered. */
  readonly enabled: boolean | undefined;
  readonly historyDays: number;
  readonly profile: ProfileName;
  readonly seed: number;
  /** Called if the demo cannot continue from its saved state and starts again. */
  readonly warn: (message: string) => void;
}

const STATE_KEY = 'demo';
/** Prevents conflicts with the names of real devices. */
const DEMO_PREFIX = 'Demo: ';
const HISTORY_STEP_MS = MINUTE_MS;
/** Rows of the history that are created and stored together: one day of minutes. */
const ROWS_AT_ONCE = 1440;

/** A simulated site for users without a connected device: history at the start, then live readings. It ends when a real device reports. */
export class DemoService {
  readonly #options: DemoOptions;
  readonly #nameOf = new Map<string, string>();
  #demoSites: ReadonlySet<string> = new Set();

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  /** Whether the demo should run. */
  async wanted(): Promise<boolean> {
    const { enabled } = this.#options;
    if (enabled !== undefined) return enabled;
    await this.#findDemoSites();
    return !this.#hasOwnDevice();
  }

  /** Creates the missing site and devices if a demo is wanted. Call it before anything requests a site, which would create a default one. */
  async open(): Promise<void> {
    if (await this.wanted()) await this.#ensureSite(createSimulator(this.#simulation()));
  }

  /**
   * Creates the site, its devices and its history if they are missing, and returns the source that continues after the history. A saved
   * state of another profile, seed or model version is replaced.
   * @param onProgress receives the completed share of the history, 0 to 1
   */
  async prepare(onProgress: OnProgress, signal: AbortSignal): Promise<Source> {
    const { records, now } = this.#options;
    const options = this.#simulation();
    const resumed = await this.#resume(options);
    const simulator = resumed ?? createSimulator(options);
    await this.#ensureSite(simulator);
    await this.#findDemoSites();
    if (resumed === null) await this.#makeHistory(simulator, options, onProgress, signal);
    const onState = (state: SimulatorState) => records.namedStates.put(STATE_KEY, state);
    return simulatorSource({ name: 'demo', simulator, now, onState });
  }

  /** Runs the source until `signal` fires or the demo is no longer wanted. */
  async run(source: Source, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    await source.start(
      async (blocks) => {
        if (this.#options.enabled === undefined && this.#hasOwnDevice()) {
          ended.abort();
          return { accepted: 0, rejected: 0 };
        }
        return this.#options.intake.accept(blocks.map((block) => this.#named(block)));
      },
      AbortSignal.any([signal, ended.signal]),
    );
  }

  #simulation(): SimulatorOptions {
    const { now, historyDays, profile, seed } = this.#options;
    const start = Math.floor((now() - historyDays * UTC_DAY_MS) / HISTORY_STEP_MS) * HISTORY_STEP_MS;
    return { profile, seed, start, stepMs: HISTORY_STEP_MS, maxRows: ROWS_AT_ONCE };
  }

  async #resume(options: SimulatorOptions): Promise<Simulator | null> {
    const kept = await this.#options.records.namedStates.get(STATE_KEY);
    if (kept === undefined) return null;
    try {
      return resumeSimulator(options, kept.state as SimulatorState);
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      this.#options.warn(`the demo cannot continue from its saved state and starts again: ${error.message}`);
      return null;
    }
  }

  /** Creates the newest day first, since users look at it first. From its initial state, a day can be created without the days before it. */
  async #makeHistory(
    simulator: Simulator,
    options: SimulatorOptions,
    onProgress: OnProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const { intake, now, records } = this.#options;
    const end = Math.floor(now() / HISTORY_STEP_MS) * HISTORY_STEP_MS;
    const days: SimulatorState[] = [];
    while (simulator.time < end && !signal.aborted) {
      days.push(simulator.state());
      simulator.advance(end);
      await setImmediate();
    }
    for (const [i, day] of days.reverse().entries()) {
      if (signal.aborted) return;
      const blocks = resumeSimulator(options, day).advance(end);
      await intake.accept(blocks.map((block) => this.#named(block)));
      onProgress((i + 1) / days.length);
    }
    if (!signal.aborted) await records.namedStates.put(STATE_KEY, simulator.state());
  }

  async #ensureSite(simulator: Simulator): Promise<void> {
    const { sites, devices, tariffs } = this.#options.records;
    const { name, timezone, currency, latitude, longitude, country } = simulator.site;
    const known = (await sites.list()).find((site) => site.isDemo && site.name === name);
    const site =
      known ?? (await sites.create({ name, timezone, currency, latitude, longitude, country, isDemo: true }));
    if (site.tariffId === null) {
      const { tariff } = simulator.site;
      const { id: tariffId } = (await tariffs.find(tariff.name)) ?? (await tariffs.create(tariff));
      await sites.update(site.id, { tariffId });
    }
    for (const device of simulator.devices) {
      const unique = `${DEMO_PREFIX}${device.name}`;
      this.#nameOf.set(device.key, unique);
      if (await devices.find(unique)) continue;
      await devices.create({ name: unique, kind: device.kind, siteId: site.id, labels: device.labels });
    }
  }

  async #findDemoSites(): Promise<void> {
    const sites = await this.#options.records.sites.list();
    this.#demoSites = new Set(sites.filter(({ isDemo }) => isDemo).map(({ id }) => id));
  }

  #named<T extends { readonly devices: readonly string[] }>(block: T): T {
    return { ...block, devices: block.devices.map((key) => this.#nameOf.get(key) ?? key) };
  }

  #hasOwnDevice(): boolean {
    return this.#options.directory.all().some(({ siteId }) => !this.#demoSites.has(siteId));
  }
}
