import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import { nameFault } from '@wattkeeper/contract/names.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { type Conflict, InvalidInput, NotFound, Unavailable } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import { DEFAULT_LIMITS, type SeriesLimits } from '../../domain/series-limits.ts';
import type { RefusedSeries } from '../../ingest/admission.ts';
import type { DeviceRecord, DeviceRegistration } from '../../storage/records/devices/device-record.ts';
import { tooManyDevices } from '../../storage/records/devices/device-registration.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import { SeriesIndex } from './series-index.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Rows registered in one turn of the event loop: some 20 ms. */
const MAX_ROWS_PER_TURN = 256;

type LabelsOf = (name: string) => Readonly<Record<string, string>> | undefined;

/** All devices and their series in memory, consistent with the records; ingest and queries use it for every request. */
export class DeviceDirectory {
  readonly #records: RecordStore;
  readonly #onError: (error: unknown) => void;
  readonly #byId = new Map<string, DeviceRecord>();
  readonly #idByName = new Map<string, string>();
  readonly #limits: SeriesLimits;
  readonly #series: SeriesIndex;
  readonly #registrations = new SerialQueue();
  #unsaved: { deviceId: string; metric: string; firstSeenAt: number }[] = [];
  #saving: Promise<void> | null = null;

  constructor(records: RecordStore, onError: (error: unknown) => void, limits = DEFAULT_LIMITS) {
    this.#records = records;
    this.#limits = limits;
    this.#series = new SeriesIndex(limits);
    this.#onError = onError;
    records.devices.onChange(({ type, device }) =>
      type === 'removed' ? this.#forget(device.id) : this.#remember(device),
    );
  }

  async load(): Promise<void> {
    for (const device of await this.#records.devices.list()) this.#remember(device);
    for (const { deviceId, metric, firstSeenAt } of await this.#records.series.list()) {
      const { group, quantity } = splitMetric(metric);
      this.#series.add(deviceId, group, quantity);
      this.#series.noteReading(deviceId, group, firstSeenAt);
    }
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

  /** Throws `NotFound` with the id or name. */
  require(idOrName: string): DeviceRecord {
    const device = this.find(idOrName);
    if (!device) throw new NotFound(`no device has the id or name "${idOrName}"`);
    return device;
  }

  metricsOf(deviceId: string): readonly string[] {
    return [...this.#series.of(deviceId)];
  }

  /** Earliest reading of a device in a metric group, or null. */
  firstReadingAt(deviceId: string, group: string): number | null {
    return this.#series.firstAt(deviceId, group);
  }

  expectedIntervalMs(deviceId: string): number | null {
    const seconds = this.#byId.get(deviceId)?.expectedIntervalS ?? null;
    return seconds === null ? null : seconds * 1000;
  }

  /**
   * Device ids of names or ids, in order; unknown names are registered at the default site with their labels.
   * Throws `InvalidInput` for an invalid name, `Conflict` if there are too many devices.
   */
  async resolve(names: readonly string[], labelsOf: LabelsOf = () => undefined): Promise<string[]> {
    const resolved = await this.resolveEach(names, labelsOf);
    return resolved.map((id) => {
      if (typeof id !== 'string') throw id;
      return id;
    });
  }

  /**
   * Like `resolve`, with the error in place of the id if a name cannot be registered.
   * @param kind of new devices
   */
  async resolveEach(
    names: readonly string[],
    labelsOf: LabelsOf = () => undefined,
    kind?: DeviceKind,
  ): Promise<(string | InvalidInput | Conflict)[]> {
    const faults = new Map<string, InvalidInput>();
    const added: DeviceRegistration[] = [];
    for (const name of names) {
      const labels = labelsOf(name) ?? {};
      if (!this.#isNew(name, labels)) continue;
      const fault = this.find(name) ? null : registrationFault(name);
      if (fault === null) added.push({ name, labels, kind });
      else faults.set(name, fault);
    }
    await this.#register(added);
    const isFull = this.#byId.size >= this.#limits.devices;
    const refusal = isFull ? tooManyDevices(this.#byId.size, this.#limits.devices) : undefined;
    return names.map((name) => this.find(name)?.id ?? faults.get(name) ?? refusal ?? this.require(name).id);
  }

  get seriesCount(): number {
    return this.#series.total;
  }

  /**
   * Adds the new series of a block, as far as the limits allow, and stores them in the records in the background. Returns the series that are
   * rejected; known series never are.
   */
  admit(block: Block): RefusedSeries[] {
    const refused: RefusedSeries[] = [];
    this.#eachNew(block, (d, c, firstSeenAt) => {
      const refusal = this.#series.refusal(block.devices[d]!, block.group, block.quantities[c]!);
      if (refusal === null) this.#add(block, d, c, firstSeenAt);
      else refused.push({ ...refusal, device: d, column: c });
    });
    this.#noteEarlier(block);
    this.#saveSoon();
    return refused;
  }

  /** Stores new series in the records, in the background. */
  noteSeries(block: Block): void {
    this.#eachNew(block, (d, c, firstSeenAt) => this.#add(block, d, c, firstSeenAt));
    this.#noteEarlier(block);
    this.#saveSoon();
  }

  /**
   * Resolves when every series of the blocks is stored in the records.
   * @throws Unavailable while the records fail: the series remain in memory, and are retried with the next blocks
   */
  async putOnRecord(blocks: readonly Block[]): Promise<void> {
    for (const block of blocks) this.noteSeries(block);
    await this.#saving;
    const [first] = this.#unsaved;
    if (first === undefined) return;
    throw new Unavailable(
      `${this.#unsaved.length} new series, such as ${first.metric}, cannot be stored in the records`,
    );
  }

  /** Resolves when all pending series are stored in the records, or have failed. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  /** Calls `visit` with the positions of each device and quantity that have a value but are not a known series, and its first instant. */
  #eachNew(block: Block, visit: (device: number, column: number, firstSeenAt: number) => void): void {
    const { devices, quantities, device, timestamps, columns } = block;
    const width = quantities.length;
    const isKnown = new Uint8Array(devices.length * width);
    let unknown = 0;
    for (const [d, deviceId] of devices.entries()) {
      for (const [c, quantity] of quantities.entries()) {
        if (this.#series.has(deviceId, block.group, quantity)) isKnown[d * width + c] = 1;
        else unknown++;
      }
    }
    for (let row = 0; row < device.length && unknown > 0; row++) {
      for (let c = 0, at = device[row]! * width; c < width; c++, at++) {
        if (isKnown[at] === 1 || Number.isNaN(columns[c]![row])) continue;
        isKnown[at] = 1;
        unknown--;
        // Two names of the block may refer to one device.
        if (this.#series.has(devices[device[row]!]!, block.group, quantities[c]!)) continue;
        visit(device[row]!, c, timestamps[row]!);
      }
    }
  }

  /** Moves the start of a series back for history that arrives after newer readings. */
  #noteEarlier({ group, devices, quantities, device, timestamps, columns }: Block): void {
    const earliest = new Float64Array(devices.length).fill(Number.POSITIVE_INFINITY);
    for (let row = 0; row < device.length; row++) {
      if (timestamps[row]! < earliest[device[row]!]!) earliest[device[row]!] = timestamps[row]!;
    }
    for (const [d, deviceId] of devices.entries()) {
      if (earliest[d]! >= (this.#series.firstAt(deviceId, group) ?? Number.POSITIVE_INFINITY)) continue;
      for (const [c, quantity] of quantities.entries()) {
        const row = device.findIndex(
          (one, r) => one === d && timestamps[r] === earliest[d] && !Number.isNaN(columns[c]![r]),
        );
        if (row < 0 || !this.#series.has(deviceId, group, quantity)) continue;
        this.#series.noteReading(deviceId, group, earliest[d]!);
        this.#unsaved.push({ deviceId, metric: `${group}.${quantity}`, firstSeenAt: earliest[d]! });
      }
    }
  }

  #add(block: Block, d: number, c: number, firstSeenAt: number): void {
    const deviceId = block.devices[d]!;
    this.#unsaved.push({
      deviceId,
      metric: this.#series.add(deviceId, block.group, block.quantities[c]!),
      firstSeenAt,
    });
  }

  #saveSoon(): void {
    if (this.#unsaved.length > 0) this.#saving ??= this.#save();
  }

  async #save(): Promise<void> {
    try {
      while (this.#unsaved.length > 0) {
        const series = this.#unsaved.splice(0, MAX_ROWS_PER_TURN);
        await this.#records.series.ensure(series).catch((error: unknown) => {
          this.#unsaved.unshift(...series);
          throw error;
        });
        await nextTurn();
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#saving = null;
    }
  }

  /** Whether the device is unknown, or lacks some of the labels that fit its limit. */
  #isNew(name: string, labels: Readonly<Record<string, string>>): boolean {
    const device = this.find(name);
    if (!device) return true;
    const known = new Map(Object.entries(device.labels));
    const isFull = known.size >= this.#limits.labelsPerDevice;
    return Object.entries(labels).some(([key, value]) => known.get(key) !== value && !(isFull && !known.has(key)));
  }

  /** Registers devices as far as the limit allows, in parts, so that other requests are answered between two parts. */
  async #register(added: readonly DeviceRegistration[]): Promise<void> {
    for (let from = 0; from < added.length; from += MAX_ROWS_PER_TURN) {
      if (from > 0) await nextTurn();
      const part = added.slice(from, from + MAX_ROWS_PER_TURN);
      // One part at a time: another request may have registered the same names, or used up the limit.
      await this.#registrations.run(async () => {
        let room = this.#limits.devices - this.#byId.size;
        const open = part.filter(
          ({ name, labels }) => this.#isNew(name, labels ?? {}) && (this.find(name) !== undefined || room-- > 0),
        );
        if (open.length === 0) return;
        for (const device of await this.#records.devices.ensureAll(open)) this.#remember(device);
      });
    }
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
    this.#series.forget(deviceId);
  }
}

/** The error for a name that cannot be registered, or null. */
function registrationFault(name: string): InvalidInput | null {
  if (UUID.test(name)) {
    return new InvalidInput(
      `device_id "${name}" looks like an id, but no device has it: register the device first or use its name`,
    );
  }
  const fault = nameFault(name);
  return fault === null ? null : new InvalidInput(`a device's name ${fault}`);
}
