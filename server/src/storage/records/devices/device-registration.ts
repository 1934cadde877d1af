import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import { isName, isStorableText, MAX_LABEL_CHARACTERS, nameFault } from '@wattkeeper/contract/names.ts';
import { Conflict, InvalidInput } from '../../../domain/errors.ts';
import type { SeriesLimits } from '../../../domain/series-limits.ts';
import type { RecordsTransaction } from '../schema.ts';
import {
  type DeviceChange,
  type DeviceRecord,
  type DeviceRegistration,
  findDevice,
  insertDevice,
} from './device-record.ts';
import { ensureDefaultSite } from './sites.ts';

/** Limits of automatic registration. */
export type RegistrationLimits = Pick<SeriesLimits, 'devices' | 'labelsPerDevice'>;

/** Registers devices inside one transaction and collects the changes. */
export class Registrar {
  readonly #transaction: RecordsTransaction;
  readonly #now: number;
  readonly #limits: RegistrationLimits;
  readonly #changes: DeviceChange[];
  #siteId: string | null = null;
  #count: number | null = null;

  constructor(transaction: RecordsTransaction, now: number, limits: RegistrationLimits, changes: DeviceChange[]) {
    this.#transaction = transaction;
    this.#now = now;
    this.#limits = limits;
    this.#changes = changes;
  }

  async ensure({ name, labels = {}, kind }: DeviceRegistration): Promise<DeviceRecord> {
    const known = await findDevice(this.#transaction, name);
    return known === undefined ? this.#register(name, labels, kind) : this.#relabel(known, labels);
  }

  async #register(
    name: string,
    labels: Readonly<Record<string, string>>,
    kind: DeviceKind | undefined,
  ): Promise<DeviceRecord> {
    checkName(name);
    await this.#countOneMore();
    this.#siteId ??= (await ensureDefaultSite(this.#transaction, this.#now)).id;
    const input = { name, siteId: this.#siteId, kind, labels: this.#merged({}, labels) };
    const device = await insertDevice(this.#transaction, input, this.#now);
    this.#changes.push({ type: 'created', device });
    return device;
  }

  async #relabel(known: DeviceRecord, labels: Readonly<Record<string, string>>): Promise<DeviceRecord> {
    const merged = this.#merged(known.labels, labels);
    if (merged === known.labels) return known;
    const update = this.#transaction.updateTable('devices').set({ labels: JSON.stringify(merged) });
    await update.where('id', '=', known.id).execute();
    const device = { ...known, labels: merged };
    this.#changes.push({ type: 'updated', device });
    return device;
  }

  /** Returns the given object when nothing is new. */
  #merged(
    labels: Readonly<Record<string, string>>,
    added: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>> {
    const merged = new Map(Object.entries(labels));
    let changed = false;
    for (const [label, value] of Object.entries(added)) {
      // A text that cannot be stored as a label is dropped; the readings that carry it are stored.
      if (!isName(label, MAX_LABEL_CHARACTERS) || !isStorableText(value)) continue;
      if (merged.get(label) === value) continue;
      if (!merged.has(label) && merged.size >= this.#limits.labelsPerDevice) continue;
      merged.set(label, value);
      changed = true;
    }
    return changed ? Object.fromEntries(merged) : labels;
  }

  async #countOneMore(): Promise<void> {
    this.#count ??= Number(
      (
        await this.#transaction
          .selectFrom('devices')
          .select((select) => select.fn.countAll<number>().as('devices'))
          .executeTakeFirstOrThrow()
      ).devices,
    );
    if (++this.#count > this.#limits.devices) throw tooManyDevices(this.#count - 1, this.#limits.devices);
  }
}

/** Devices beyond the limit are not registered automatically: a tag with ever-changing values would create one for each value. */
export function tooManyDevices(found: number, allowed: number): Conflict {
  return new Conflict(
    `${found} devices are known, limits.devices allows ${allowed}: check which field names the devices, and delete those that are not devices`,
  );
}

function checkName(name: string): void {
  const fault = nameFault(name);
  if (fault !== null) throw new InvalidInput(`a device's name ${fault}`);
}
