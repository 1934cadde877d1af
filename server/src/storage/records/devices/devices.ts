import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import type { Selectable } from 'kysely';
import { Conflict } from '../../../domain/errors.ts';
import { type Page, type PageRequest, pageOfQuery } from '../page.ts';
import { explainConstraint, unknownId, unknownNamed } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';
import {
  type CounterDecision,
  type DeviceChange,
  type DeviceFilter,
  type DeviceInput,
  type DevicePatch,
  type DeviceRecord,
  type DeviceRegistration,
  findDevice,
  insertDevice,
  toDevice,
} from './device-record.ts';
import { Registrar, type RegistrationLimits } from './device-registration.ts';

/** Maximum number of decisions about the counter events of one device. */
const MAX_COUNTER_DECISIONS = 1000;

/** Devices; their names are unique. Each change is one transaction, since a registration reads before it writes. */
export class Devices {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;
  readonly #limits: RegistrationLimits;
  readonly #listeners = new Set<(change: DeviceChange) => void>();

  constructor({ db, now }: RecordsContext, limits: RegistrationLimits) {
    this.#db = db;
    this.#now = now;
    this.#limits = limits;
  }

  /** All devices by name, for callers that cache them. */
  async list(filter: DeviceFilter = {}): Promise<DeviceRecord[]> {
    const rows = await this.#select(filter).orderBy('name').execute();
    return rows.map(toDevice);
  }

  /** By name, a page at a time. */
  async page(request: PageRequest & DeviceFilter): Promise<Page<DeviceRecord>> {
    return pageOfQuery(this.#select(request), request, 'asc', { name: 'string' }, toDevice);
  }

  /** By id, or by its unique name. */
  async find(idOrName: string): Promise<DeviceRecord | undefined> {
    return findDevice(this.#db, idOrName);
  }

  /** As `find`; throws NotFound. */
  async require(idOrName: string): Promise<DeviceRecord> {
    const device = await this.find(idOrName);
    if (device === undefined) throw unknownNamed('device', idOrName, await this.#names());
    return device;
  }

  /** Throws Conflict when the name is taken, InvalidInput for an unknown site. */
  async create(device: DeviceInput): Promise<DeviceRecord> {
    const created = await this.#db
      .transaction()
      .execute((transaction) => insertDevice(transaction, device, this.#now()))
      .catch(rethrow(device));
    this.#tell([{ type: 'created', device: created }]);
    return created;
  }

  /**
   * Returns the device of this id or name. An unknown device is created at the default site, which is created if missing. New labels are
   * added, and labels with another value are replaced.
   */
  async ensure(name: string, labels?: Readonly<Record<string, string>>, kind?: DeviceKind): Promise<DeviceRecord> {
    return (await this.ensureAll([{ name, labels, kind }]))[0]!;
  }

  /** `ensure` for several devices in one transaction; returns them in the given order. */
  async ensureAll(registrations: readonly DeviceRegistration[]): Promise<DeviceRecord[]> {
    const changes: DeviceChange[] = [];
    const devices = await this.#db.transaction().execute(async (transaction) => {
      const registrar = new Registrar(transaction, this.#now(), this.#limits, changes);
      const found: DeviceRecord[] = [];
      for (const registration of registrations) found.push(await registrar.ensure(registration));
      return found;
    });
    this.#tell(changes);
    return devices;
  }

  /** Changes the given fields; labels are replaced. Throws NotFound, Conflict when the name is taken, InvalidInput for an unknown site. */
  async update(id: string, patch: DevicePatch): Promise<DeviceRecord> {
    const row = await this.#db
      .transaction()
      .execute((transaction) =>
        transaction
          .updateTable('devices')
          .set({ id, ...toColumns(patch) })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst(),
      )
      .catch(rethrow(patch));
    return this.#updated(id, row);
  }

  /**
   * Assigns an amount to a counter event and replaces the previous decision; null withdraws the decision. Throws NotFound, and Conflict
   * when the device has `MAX_COUNTER_DECISIONS` decisions.
   */
  async decideCounter(
    id: string,
    { metric, at }: Pick<CounterDecision, 'metric' | 'at'>,
    decision: Pick<CounterDecision, 'counts' | 'decidedBy'> | null,
  ): Promise<DeviceRecord> {
    const row = await this.#db.transaction().execute(async (transaction) => {
      const device = await findDevice(transaction, id);
      if (device === undefined) return;
      const decisions = device.counterDecisions.filter((known) => known.metric !== metric || known.at !== at);
      if (decision !== null) decisions.push({ metric, at, ...decision, decidedAt: this.#now() });
      if (decisions.length > MAX_COUNTER_DECISIONS)
        throw new Conflict(`${device.name} has the maximum of ${MAX_COUNTER_DECISIONS} decisions about its counters`);
      return transaction
        .updateTable('devices')
        .set({ counter_decisions: JSON.stringify(decisions) })
        .where('id', '=', device.id)
        .returningAll()
        .executeTakeFirst();
    });
    return this.#updated(id, row);
  }

  /**
   * Deletes all records of the device (series, charging sessions, baselines, forecasts, anomalies, repairs) and records the removal in the
   * same transaction: see `RemovedDevices`. Its id is never used again. Throws NotFound.
   */
  async remove(id: string): Promise<void> {
    const row = await this.#db.transaction().execute(async (transaction) => {
      const removed = await transaction.deleteFrom('devices').where('id', '=', id).returningAll().executeTakeFirst();
      if (removed === undefined) return undefined;
      const removal = { device_id: id, name: removed.name, removed_at: this.#now() };
      await transaction
        .insertInto('device_removals')
        .values(removal)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return removed;
    });
    if (row === undefined) throw unknownId('device', id);
    this.#tell([{ type: 'removed', device: toDevice(row) }]);
  }

  /** Calls the listener after each change made through this store; returns a function that stops it. */
  onChange(listener: (change: DeviceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #updated(id: string, row: Selectable<Schema['devices']> | undefined): DeviceRecord {
    if (row === undefined) throw unknownId('device', id);
    const device = toDevice(row);
    this.#tell([{ type: 'updated', device }]);
    return device;
  }

  #select(filter: DeviceFilter) {
    let query = this.#db.selectFrom('devices').selectAll();
    if (filter.siteId !== undefined) query = query.where('site_id', '=', filter.siteId);
    if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
    return query;
  }

  async #names(): Promise<string[]> {
    const rows = await this.#db.selectFrom('devices').select('name').orderBy('name').execute();
    return rows.map((row) => row.name);
  }

  #tell(changes: readonly DeviceChange[]): void {
    for (const change of changes) for (const listener of this.#listeners) listener(change);
  }
}

function toColumns(patch: DevicePatch) {
  return {
    site_id: patch.siteId,
    name: patch.name,
    kind: patch.kind,
    labels: patch.labels && JSON.stringify(patch.labels),
    expected_interval_s: patch.expectedIntervalS,
    retired_at: patch.retiredAt,
    holds_s: patch.holdsS,
    rated_power_kw: patch.ratedPowerKw,
    counters: patch.counters && JSON.stringify(patch.counters),
    intervals: patch.intervals && JSON.stringify(patch.intervals),
  };
}

function rethrow({ name, siteId }: DevicePatch) {
  return explainConstraint({ name: ['device', name], reference: ['site_id', 'site', siteId] });
}
