import type { ImportDevice, ImportPlaces, ImportPlacesRequest, ImportSite } from '@wattkeeper/contract/import.ts';
import { Conflict } from '../../domain/errors.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { SiteInput, SiteRecord } from '../../storage/records/devices/sites.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

/** Name of the site that the service creates for devices that report before a site exists. */
const UNNAMED_SITE = 'Home';

type Records = Pick<RecordStore, 'sites' | 'devices'>;
type Place = ImportPlaces['site'];

/** The site and the devices of imported data: found by name, or created as the mapping describes them. */
export class Places {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  /**
   * Finds the site and the devices, and creates missing ones unless it is a dry run.
   * @throws Conflict if the site has another time zone or currency than the mapping, or a device belongs to another site
   */
  async place({ site, timezone, devices, dry_run: isDry }: ImportPlacesRequest): Promise<ImportPlaces> {
    const found = await this.#site(site, timezone, isDry);
    const placed: ImportPlaces['devices'] = [];
    for (const { name, ...device } of devices)
      placed.push(await this.#device(name, device, found, site !== null, isDry));
    return { site: found, devices: placed };
  }

  async #site(wanted: ImportSite | null, timezone: string, isDry: boolean): Promise<Place> {
    const known = wanted === null ? await this.#defaultSite() : await this.#records.sites.find(wanted.name);
    if (known !== undefined) {
      if (wanted !== null) checkAgrees(known, wanted);
      return toPlace(known, false);
    }
    const { name, country = null, latitude = null, longitude = null, ...rest } = wanted ?? { name: UNNAMED_SITE };
    const made = {
      name,
      country,
      latitude,
      longitude,
      timezone: rest.timezone ?? timezone,
      currency: rest.currency ?? 'EUR',
    };
    if (isDry) return { id: null, name, timezone: made.timezone, currency: made.currency, created: true };
    return toPlace(await this.#makeSite(made), true);
  }

  /** The site for a mapping that names none; never that of the demo. */
  async #defaultSite(): Promise<SiteRecord | undefined> {
    const { sites } = this.#records;
    const own = (await sites.list()).filter(({ isDemo }) => !isDemo);
    const known = own.find(({ isDefault }) => isDefault) ?? own[0];
    return known !== undefined && (await this.#isUnused(known)) ? undefined : known;
  }

  /** A new site, or the unused one that the service created, which is renamed. */
  async #makeSite(site: SiteInput): Promise<SiteRecord> {
    const { sites } = this.#records;
    for (const known of await sites.list()) {
      if (await this.#isUnused(known)) return sites.update(known.id, site);
    }
    return sites.create(site);
  }

  /** Whether the service created the site automatically and it was never used. */
  async #isUnused({ id, name, timezone, latitude, country, tariffId, isDemo }: SiteRecord): Promise<boolean> {
    const isUntouched = name === UNNAMED_SITE && timezone === 'UTC' && latitude === null && country === null;
    if (!isUntouched || isDemo || tariffId !== null) return false;
    return (await this.#records.devices.list({ siteId: id })).length === 0;
  }

  async #device(
    name: string,
    wanted: ImportDevice,
    site: Place,
    isSiteNamed: boolean,
    isDry: boolean,
  ): Promise<ImportPlaces['devices'][number]> {
    const known = await this.#records.devices.find(name);
    if (known !== undefined)
      return toPlaced(await this.#completed(known, wanted, isSiteNamed ? site : null, isDry), false);
    if (site.id === null || isDry) return { id: null, name, kind: wanted.kind ?? 'other', created: true };
    const made = await this.#records.devices.create({ name, siteId: site.id, ...toInput(wanted) });
    return toPlaced(made, true);
  }

  /** A device without a stated kind or stated intervals takes those of the mapping. */
  async #completed(
    known: DeviceRecord,
    wanted: ImportDevice,
    site: Place | null,
    isDry: boolean,
  ): Promise<DeviceRecord> {
    if (site !== null && known.siteId !== site.id) {
      const { name } = await this.#records.sites.require(known.siteId);
      throw new Conflict(
        `the device "${known.name}" belongs to the site "${name}", and the mapping names the site "${site.name}": give the device another name in the mapping, or move it first`,
      );
    }
    const kind = known.kind === 'other' ? (wanted.kind ?? 'other') : known.kind;
    const intervals = mergedIntervals(known, wanted.intervals ?? {});
    if (isDry || (kind === known.kind && intervals === known.intervals)) return known;
    return this.#records.devices.update(known.id, { kind, intervals });
  }
}

/** @throws Conflict if an existing site differs from the mapping */
function checkAgrees(known: SiteRecord, wanted: ImportSite): void {
  for (const field of ['timezone', 'currency', 'country'] as const) {
    const [has, says] = [known[field], wanted[field]];
    if (has === null || says === undefined || says === null || has === says) continue;
    throw new Conflict(
      `the site "${known.name}" has the ${field} ${has}, and the mapping says ${says}: change one of the two, or name another site`,
    );
  }
}

/** @throws Conflict if the intervals of a metric have another length: the same energy would count twice */
function mergedIntervals({ name, intervals }: DeviceRecord, wanted: Readonly<Record<string, string>>) {
  const known = new Map(Object.entries(intervals));
  const added = Object.entries(wanted).filter(([metric, width]) => known.get(metric) !== width);
  for (const [metric, width] of added) {
    if (!known.has(metric)) continue;
    throw new Conflict(
      `${metric} of the device "${name}" has intervals of ${known.get(metric)}, and the mapping says ${width}: name another device in the mapping`,
    );
  }
  return added.length === 0 ? intervals : { ...intervals, ...Object.fromEntries(added) };
}

function toPlace({ id, name, timezone, currency }: SiteRecord, created: boolean): Place {
  return { id, name, timezone, currency, created };
}

function toPlaced({ id, name, kind }: DeviceRecord, created: boolean): ImportPlaces['devices'][number] {
  return { id, name, kind, created };
}

function toInput({ kind, expected_interval_s, holds_s, rated_power_kw, counters, intervals }: ImportDevice) {
  return {
    kind,
    expectedIntervalS: expected_interval_s,
    holdsS: holds_s,
    ratedPowerKw: rated_power_kw,
    counters,
    intervals,
  };
}
