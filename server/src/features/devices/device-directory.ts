import { nameFault } from '@wattkeeper/contract/names.ts';
import type { Block } from '../../domain/batch.ts';
import { InvalidInput, NotFound, Unavailable } from '../../domain/errors.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** All devices and their series in memory, in step with the records: ingest and queries look here for every request. */
export class DeviceDirectory {
  readonly #records: RecordStore;
  readonly #onError: (error: unknown) => void;
  readonly #byId = new Map<string, DeviceRecord>();
  readonly #idByName = new Map<string, string>();
  readonly #metrics = new Map<string, Set<string>>();
  #unsaved: { deviceId: string; metric: string; firstSeenAt: number }[] = [];
  #saving: Promise<void> | null = null;

  constructor(records: RecordStore, onError: (error: unknown) => void) {
    this.#records = records;
    this.#onError = onError;
    records.devices.onChange(({ type, device }) =>
      type === 'removed' ? this.#forget(device.id) : this.#remember(device),
    );
  }

  async load(): Promise<void> {
    for (const device of await this.#records.devices.list()) this.#remember(device);
    for (const { deviceId, metric } of await this.#records.series.list()) this.#metricsOf(deviceId).add(metric);
  }

  all(): DeviceRecord[] {
    return [...this.#byId.values()];
  }

  ofSite(siteId: string): DeviceRecord[] {
    return this.all().filter((device) => device.siteId === siteId);
  }

  find(idOrName: string): DeviceRecord | undefined {
    return this.#byId.get(idOrName) ?? this.#byId.get(this.#idByName.get(idOrName) ?? '');
  }

  /** Throws `NotFound` that names what was asked. */
  require(idOrName: string): DeviceRecord {
    const device = this.find(idOrName);
    if (!device) throw new NotFound(`no device has the id or name "${idOrName}"; GET /api/v1/devices lists them`);
    return device;
  }

  metricsOf(deviceId: string): readonly string[] {
    return [...(this.#metrics.get(deviceId) ?? [])];
  }

  expectedIntervalMs(deviceId: string): number | null {
    const seconds = this.#byId.get(deviceId)?.expectedIntervalS ?? null;
    return seconds === null ? null : seconds * 1000;
  }

  /**
   * Device ids of names or ids, in order; names that are not known are registered at the default site with the labels given.
   * Throws `InvalidInput` for a name that cannot be one.
   */
  async resolve(
    names: readonly string[],
    labelsOf: (name: string) => Readonly<Record<string, string>> | undefined = () => undefined,
  ): Promise<string[]> {
    const unknown = names.filter((name) => !this.find(name) || this.#hasNewLabels(name, labelsOf(name)));
    if (unknown.length > 0) {
      for (const name of unknown) if (!this.find(name)) checkName(name);
      const devices = await this.#records.devices.ensureAll(
        unknown.map((name) => ({ name, labels: labelsOf(name) ?? {} })),
      );
      for (const device of devices) this.#remember(device);
    }
    return names.map((name) => this.require(name).id);
  }

  /** Puts series that were not known before on record, in the background. */
  noteSeries(block: Block): void {
    for (const [d, deviceId] of block.devices.entries()) {
      const known = this.#metricsOf(deviceId);
      for (const [c, quantity] of block.quantities.entries()) {
        const metric = `${block.group}.${quantity}`;
        if (known.has(metric)) continue;
        const firstSeenAt = firstValueAt(block, d, block.columns[c] as Float64Array);
        if (firstSeenAt === null) continue;
        known.add(metric);
        this.#unsaved.push({ deviceId, metric, firstSeenAt });
      }
    }
    if (this.#unsaved.length > 0) this.#saving ??= this.#save();
  }

  /**
   * Resolves when every series of the blocks is on record.
   * @throws Unavailable while the records do not take them: they are kept, and tried with the next blocks
   */
  async putOnRecord(blocks: readonly Block[]): Promise<void> {
    for (const block of blocks) this.noteSeries(block);
    await this.#saving;
    const [first] = this.#unsaved;
    if (first === undefined) return;
    throw new Unavailable(`${this.#unsaved.length} new series, such as ${first.metric}, cannot be put on record`);
  }

  /** Resolves when everything noted is on record, or could not be put there. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #save(): Promise<void> {
    try {
      while (this.#unsaved.length > 0) {
        const series = this.#unsaved;
        this.#unsaved = [];
        await this.#records.series.ensure(series).catch((error: unknown) => {
          this.#unsaved.unshift(...series);
          throw error;
        });
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#saving = null;
    }
  }

  #hasNewLabels(name: string, labels: Readonly<Record<string, string>> | undefined): boolean {
    if (!labels) return false;
    const known = new Map(Object.entries(this.find(name)?.labels ?? {}));
    return Object.entries(labels).some(([key, value]) => known.get(key) !== value);
  }

  #metricsOf(deviceId: string): Set<string> {
    const known = this.#metrics.get(deviceId) ?? new Set();
    this.#metrics.set(deviceId, known);
    return known;
  }

  #remember(device: DeviceRecord): void {
    const before = this.#byId.get(device.id);
    if (before) this.#idByName.delete(before.name);
    this.#byId.set(device.id, device);
    this.#idByName.set(device.name, device.id);
  }

  #forget(deviceId: string): void {
    const device = this.#byId.get(deviceId);
    if (device) this.#idByName.delete(device.name);
    this.#byId.delete(deviceId);
    this.#metrics.delete(deviceId);
  }
}

function checkName(name: string): void {
  if (UUID.test(name)) {
    throw new InvalidInput(
      `device_id "${name}" looks like an id, but no device has it: register the device first or use its name`,
    );
  }
  const fault = nameFault(name);
  if (fault !== null) throw new InvalidInput(`a device's name ${fault}`);
}

function firstValueAt(block: Block, deviceIndex: number, column: Float64Array): number | null {
  for (let row = 0; row < column.length; row++) {
    if (block.device[row] === deviceIndex && !Number.isNaN(column[row])) return block.timestamps[row] as number;
  }
  return null;
}
