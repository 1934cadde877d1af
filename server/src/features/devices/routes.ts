import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import type { Device, DevicePatch } from '@wattkeeper/contract/device.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import {
  changeDevice,
  createDevice,
  getDevice,
  listDevices,
  listMachines,
  removeDevice,
} from '@wattkeeper/contract/endpoints/devices.ts';
import { Conflict, ExpectedError } from '../../domain/errors.ts';
import type { Rights } from '../../domain/rights.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import { cursorKey, pageFrom } from '../../storage/records/page.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import { meterOf } from '../kpi/meter.ts';
import type { DeviceDirectory } from './device-directory.ts';
import { REMOVAL_JOB } from './job.ts';
import type { DeviceRemovals } from './removals.ts';

export interface DeviceRoutesOptions {
  readonly records: RecordStore;
  readonly directory: DeviceDirectory;
  readonly removals: DeviceRemovals;
  readonly scheduler: Pick<Scheduler, 'run' | 'runs'>;
  /** Instant of a device's newest value, or null. */
  readonly lastAt: (deviceId: string) => number | null;
  readonly queries: Pick<TelemetryQueries, 'metricsOf'>;
  /** Number of declared intervals of silence after which a device is stale. */
  readonly staleAfterIntervals: () => number;
  readonly now: () => number;
}

/** Silence after which a device without a declared interval is stale. */
const STALE_MS = 15 * MINUTE_MS;
/** `/devices` and `/machines`. */
export function deviceRoutes(api: Api, options: DeviceRoutesOptions): void {
  listRoutes(api, options);
  changeRoutes(api, options);
  removeRoute(api, options);
}

function listRoutes(api: Api, options: DeviceRoutesOptions): void {
  serve(api, listDevices, async ({ query }) => pageByName(await list(query, options), query));
  serve(api, listMachines, async ({ query }) => pageByName(await list({ ...query, kind: 'machine' }, options), query));
}

function changeRoutes(api: Api, options: DeviceRoutesOptions): void {
  const { records, directory } = options;
  const present = (device: DeviceRecord) => toDevice(device, options);
  serve(api, createDevice, async ({ body }) => {
    const site =
      body.site_id === undefined ? await records.sites.ensureDefault() : await records.sites.require(body.site_id);
    const device = await records.devices.create({
      name: body.name,
      kind: body.kind,
      siteId: site.id,
      labels: body.labels,
      ...declaredIn(body),
    });
    return present(device);
  });
  serve(api, getDevice, async ({ params }) => present(directory.require(params.id)));
  serve(api, changeDevice, async ({ params, body }) => {
    const siteId = body.site_id === undefined ? undefined : (await records.sites.require(body.site_id)).id;
    const { name, kind, labels, retired_at } = body;
    return present(
      await records.devices.update(directory.require(params.id).id, {
        name,
        kind,
        labels,
        siteId,
        retiredAt: typeof retired_at === 'string' ? parseInstant(retired_at) : retired_at,
        ...declaredIn(body),
      }),
    );
  });
}

function removeRoute(api: Api, { directory, removals, scheduler }: DeviceRoutesOptions): void {
  serve(api, removeDevice, async (request) => {
    const { params, query } = request;
    const { id, name } = directory.require(params.id);
    if (directory.metricsOf(id).length > 0 && query.confirm !== name) throw unconfirmed(name, query.confirm);
    await removals.remove(id);
    return { device_id: id, name, job_id: await startRemoval(scheduler, callerOf(request)) };
  });
}

/** The job that deletes the readings; null if none can be queued at present: the device is removed all the same, and the schedule starts one. */
async function startRemoval(scheduler: Pick<Scheduler, 'run' | 'runs'>, by: Rights): Promise<string | null> {
  const running = scheduler.runs().find(({ name }) => name === REMOVAL_JOB);
  if (running) return running.id;
  try {
    return (await scheduler.run(REMOVAL_JOB, by)).id;
  } catch (error) {
    if (error instanceof ExpectedError) return null;
    throw error;
  }
}

function unconfirmed(name: string, confirm: string | undefined): Conflict {
  const got = confirm === undefined ? 'it is missing' : `got "${confirm}"`;
  return new Conflict(`${name} has readings: retire it to keep them, or set the parameter confirm to its name; ${got}`);
}

interface Filter {
  readonly site_id?: string | undefined;
  readonly kind?: DeviceRecord['kind'] | undefined;
  readonly status?: string | undefined;
  readonly metered?: boolean | undefined;
}

/** The devices that match a filter, by name. */
async function list(filter: Filter, options: DeviceRoutesOptions): Promise<Device[]> {
  const { records, directory } = options;
  const siteId = filter.site_id === undefined ? undefined : (await records.sites.require(filter.site_id)).id;
  return directory
    .all()
    .filter((device) => siteId === undefined || device.siteId === siteId)
    .filter((device) => filter.kind === undefined || device.kind === filter.kind)
    .map((device) => toDevice(device, options))
    .filter((device) => filter.status === undefined || device.status === filter.status)
    .filter((device) => filter.metered === undefined || (device.meter !== null) === filter.metered)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The declarations in a body on how a device reports and counts. */
function declaredIn(body: DevicePatch) {
  return {
    expectedIntervalS: body.expected_interval_s,
    holdsS: body.holds_s,
    ratedPowerKw: body.rated_power_kw,
    counters: body.counters,
    intervals: body.intervals,
  };
}

function toDevice(device: DeviceRecord, options: DeviceRoutesOptions): Device {
  const lastAt = options.lastAt(device.id);
  const now = options.now();
  const { expectedIntervalS, holdsS } = device;
  const staleMs =
    holdsS !== null
      ? holdsS * 1000
      : expectedIntervalS === null
        ? STALE_MS
        : Math.max(options.staleAfterIntervals() * expectedIntervalS * 1000, 60_000);
  const isRetired = device.retiredAt !== null && device.retiredAt <= now;
  return {
    id: device.id,
    site_id: device.siteId,
    name: device.name,
    kind: device.kind,
    labels: { ...device.labels },
    expected_interval_s: device.expectedIntervalS,
    retired_at: device.retiredAt === null ? null : formatInstant(device.retiredAt),
    status: isRetired ? 'retired' : lastAt === null ? 'never_reported' : now - lastAt > staleMs ? 'stale' : 'online',
    holds_s: device.holdsS,
    rated_power_kw: device.ratedPowerKw,
    counters: { ...device.counters },
    meter: meterOf(options.queries, device.id)?.group ?? null,
    intervals: { ...device.intervals },
    last_reading_at: lastAt === null ? null : formatInstant(lastAt),
    created_at: formatInstant(device.createdAt),
  };
}

/** A page of a list sorted by name. */
function pageByName<T extends { name: string }>(
  sorted: readonly T[],
  { limit, cursor }: { limit: number; cursor?: string | undefined },
) {
  const after = cursorKey(cursor, 'string');
  const remaining = after === null ? sorted : sorted.filter(({ name }) => name > String(after[0]));
  const { items, nextCursor } = pageFrom(remaining, limit, ({ name }) => [name]);
  return { items: [...items], next_cursor: nextCursor };
}
