import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type {
  Tariff,
  TariffComparison,
  TariffComparisonRequest,
  TariffCreate,
  TariffPatch,
} from '@wattkeeper/contract/tariff.ts';
import { sliceSlots } from '../../analytics/energy/slot-columns.ts';
import type { EnergyCost } from '../../analytics/tariff/price-energy.ts';
import { lowerBound } from '../../domain/columns/frame.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { periodOf } from '../../domain/time/asked-window.ts';
import type { TariffRecord, Tariffs } from '../../storage/records/analytics/tariffs.ts';
import type { EnergyService } from '../energy/service.ts';

export interface TariffServiceOptions {
  readonly tariffs: Tariffs;
  readonly energy: EnergyService;
  readonly now: () => number;
  /** Called after the terms of a tariff changed. */
  readonly onChange?: () => void;
}

/** Maximum window for the comparison of tariffs. */
const MAX_COMPARED_DAYS = 3660;

/** Tariffs, and the cost of a site's energy under each. */
export class TariffService {
  readonly #options: TariffServiceOptions;

  constructor(options: TariffServiceOptions) {
    this.#options = options;
  }

  async list(): Promise<Tariff[]> {
    return (await this.#options.tariffs.list()).map(toTariff);
  }

  /** By id or name. Throws NotFound. */
  async get(idOrName: string): Promise<Tariff> {
    return toTariff(await this.#options.tariffs.require(idOrName));
  }

  /** Throws Conflict if the name exists. */
  async create(terms: TariffCreate): Promise<Tariff> {
    return toTariff(await this.#options.tariffs.create(terms));
  }

  /** Throws NotFound, or Conflict if the name exists. */
  async update(idOrName: string, patch: TariffPatch): Promise<Tariff> {
    const { id } = await this.#options.tariffs.require(idOrName);
    const changed = await this.#options.tariffs.update(id, patch);
    this.#options.onChange?.();
    return toTariff(changed);
  }

  /** Throws NotFound, or Conflict while a site uses the tariff. */
  async remove(idOrName: string): Promise<void> {
    const { id } = await this.#options.tariffs.require(idOrName);
    await this.#options.tariffs.remove(id);
  }

  /** The cost of a site's energy in a window under each of several tariffs, in the order of the request. */
  async compare(request: TariffComparisonRequest): Promise<TariffComparison> {
    const { tariffs, energy, now } = this.#options;
    const site = await energy.site(request.site_id);
    const compared = await Promise.all(request.tariff_ids.map((id) => tariffs.require(id)));
    const window = { start: parseInstant(request.start), end: request.end ? parseInstant(request.end) : now() };
    if (window.start >= window.end || window.end - window.start > MAX_COMPARED_DAYS * UTC_DAY_MS) {
      const detail = `must be before end, at most ${MAX_COMPARED_DAYS} days; got ${request.start}`;
      throw new InvalidInput(`start ${detail}`, { fields: [{ field: 'start', detail }] });
    }
    const start = Math.min(...compared.map(({ terms }) => energy.pricing.startFor(terms, site, window.start)));
    const { slots } = await energy.energy(site, { start, end: window.end });
    const warnings = new Set<string>();
    if (slots.imported.every(Number.isNaN))
      warnings.add(
        'grid import is not known in this window: it costs nothing here, and days without any data have no fixed charge',
      );
    const items: TariffComparison['items'] = [];
    for (const tariff of compared) {
      const from = lowerBound(slots.edges, energy.pricing.startFor(tariff.terms, site, window.start));
      const priced = await energy.pricing.priceWith(
        tariff.terms,
        site,
        sliceSlots(slots, from, slots.edges.length - 1),
        window,
      );
      items.push(toItem(tariff, priced.cost));
      for (const warning of priced.warnings) warnings.add(`${tariff.terms.name}: ${warning}`);
    }
    return {
      site_id: site.id,
      currency: site.currency,
      time_period: periodOf(window),
      items,
      warnings: [...warnings],
    };
  }
}

function toItem({ id, terms }: TariffRecord, cost: EnergyCost): TariffComparison['items'][number] {
  return {
    tariff_id: id,
    name: terms.name,
    cost: cost.cost,
    revenue: cost.revenue,
    fixed_cost: cost.fixedCost,
    demand_cost: cost.demandCost,
    total: cost.total,
  };
}

function toTariff({ id, terms, createdAt, updatedAt }: TariffRecord): Tariff {
  return { id, ...terms, created_at: formatInstant(createdAt), updated_at: formatInstant(updatedAt) };
}
