import { formatInstant } from '@wattkeeper/contract/common.ts';
import type {
  CustomKpi,
  CustomKpiCreate,
  CustomKpiPatch,
  CustomKpiPreview,
  CustomKpiPreviewRequest,
  CustomKpiQuery,
  CustomKpiValue,
} from '@wattkeeper/contract/custom-kpi.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import { type Checked, checkExpression, type ExpressionContext } from '../../analytics/kpi/check-expression.ts';
import { type Leaf, leavesOf, parseExpression } from '../../analytics/kpi/expression.ts';
import { ExpressionError } from '../../analytics/kpi/expression-error.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { CustomKpiRecord, CustomKpis } from '../../storage/records/custom-kpis.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';
import type { Sites } from '../../storage/records/sites.ts';
import type { SiteDevices } from '../energy/site-sources.ts';
import { readLeaves } from './leaf-values.ts';
import { type KpiService, periodOf, windowOf } from './service.ts';

export interface CustomKpiOptions {
  readonly records: CustomKpis;
  readonly kpis: KpiService;
  readonly queries: TelemetryQueries;
  readonly devices: SiteDevices & { all(): readonly DeviceRecord[]; require(idOrName: string): DeviceRecord };
  readonly sites: Sites;
  readonly catalogue: {
    get(name: string): Metric | undefined;
    describe(name: string): Metric;
    all(): readonly Metric[];
  };
  readonly now: () => number;
}

type Definition = Pick<CustomKpiRecord, 'expression' | 'unit' | 'siteId'>;

/** Key figures that people define as expressions. */
export class CustomKpiService {
  readonly #options: CustomKpiOptions;

  constructor(options: CustomKpiOptions) {
    this.#options = options;
  }

  /** By name. */
  async list(): Promise<CustomKpi[]> {
    const records = await this.#options.records.list();
    const contexts = new Map<string | null, ExpressionContext>();
    for (const { siteId } of records) {
      if (!contexts.has(siteId)) contexts.set(siteId, await this.#contextOf(siteId));
    }
    return records.map((record) => toCustomKpi(record, contexts.get(record.siteId) as ExpressionContext));
  }

  /** Throws NotFound. */
  async get(id: string): Promise<CustomKpi> {
    return this.#describe(await this.#options.records.require(id));
  }

  /** Throws InvalidInput for an expression that cannot be used, with its column; Conflict when the name is taken. */
  async create({ site_id: siteId, ...given }: CustomKpiCreate): Promise<CustomKpi> {
    check({ ...given, siteId }, await this.#contextOf(siteId));
    return this.#describe(await this.#options.records.create({ ...given, siteId }));
  }

  /** As `create`; throws NotFound as well. */
  async update(id: string, { site_id: siteId, ...given }: CustomKpiPatch): Promise<CustomKpi> {
    const { records } = this.#options;
    const before = await records.require(id);
    const after = {
      expression: given.expression ?? before.expression,
      unit: given.unit === undefined ? before.unit : given.unit,
      siteId: siteId === undefined ? before.siteId : siteId,
    };
    check(after, await this.#contextOf(after.siteId));
    return this.#describe(await records.update(id, { ...given, siteId }));
  }

  /** Throws NotFound. */
  async remove(id: string): Promise<void> {
    await this.#options.records.remove(id);
  }

  /** What one comes to for a machine. Throws NotFound, or InvalidInput for a machine of a site that it is not for. */
  async value(id: string, query: CustomKpiQuery): Promise<CustomKpiValue> {
    const { records, devices, now } = this.#options;
    const record = await records.require(id);
    const machine = devices.require(query.machine_id);
    if (record.siteId !== null && record.siteId !== machine.siteId) {
      const detail = `must be a machine of the site ${(await this.#options.sites.require(record.siteId)).name}, for which the key figure is defined; ${machine.name} is at another`;
      throw new InvalidInput(`machine_id ${detail}`, { fields: [{ field: 'machine_id', detail }] });
    }
    const { error, ...value } = await this.#evaluate(record, machine, query);
    return {
      id,
      name: record.name,
      machine_id: machine.id,
      machine_name: machine.name,
      time_period: periodOf(windowOf(query, now())),
      ...value,
      reason: error?.detail ?? value.reason,
    };
  }

  /** What an expression would come to, or what is wrong with it. Throws NotFound for an unknown machine or site. */
  async preview({ site_id: siteId, machine_id, ...given }: CustomKpiPreviewRequest): Promise<CustomKpiPreview> {
    const definition = { expression: given.expression, unit: given.unit || null, siteId };
    if (machine_id !== undefined) {
      return this.#evaluate(definition, this.#options.devices.require(machine_id), { ...given, machine_id });
    }
    const checked = attempt(definition, await this.#contextOf(siteId));
    if ('error' in checked) return { ...NOTHING, error: checked.error };
    return { ...NOTHING, unit: checked.unit.name };
  }

  async #evaluate(definition: Definition, machine: DeviceRecord, query: CustomKpiQuery): Promise<CustomKpiPreview> {
    const { now } = this.#options;
    const context = await this.#contextOf(machine.siteId);
    const checked = attempt(definition, context);
    if ('error' in checked) return { ...NOTHING, error: checked.error };
    const window = windowOf(query, now());
    const { read, coverage, warnings } = await readLeaves(this.#options, checked.leaves, machine, window);
    const outcome = checked.value(read);
    const [value, reason] = 'value' in outcome ? [outcome.value, null] : [null, outcome.reason];
    return { error: null, value, unit: checked.unit.name, reason, coverage, warnings };
  }

  async #describe(record: CustomKpiRecord): Promise<CustomKpi> {
    return toCustomKpi(record, await this.#contextOf(record.siteId));
  }

  /** What expressions are checked against: the currency is the site's, or the one that all sites share. */
  async #contextOf(siteId: string | null): Promise<ExpressionContext> {
    const { sites, catalogue, devices, queries } = this.#options;
    const meant = siteId === null ? await sites.list() : [await sites.require(siteId)];
    const currencies = new Set(meant.map(({ currency }) => currency));
    const units = new Set(catalogue.all().map(({ unit }) => unit));
    const isReported = (name: string) => devices.all().some(({ id }) => queries.metricsOf(id).includes(name));
    return {
      currency: currencies.size === 1 ? ([...currencies][0] as string) : null,
      isUnit: (word) => units.has(word),
      metric: (name) => catalogue.get(name) ?? (isReported(name) ? catalogue.describe(name) : undefined),
    };
  }
}

function toCustomKpi(record: CustomKpiRecord, context: ExpressionContext): CustomKpi {
  const checked = attempt(record, context);
  const { id, name, description, expression, unit, siteId, createdAt, updatedAt } = record;
  return {
    id,
    name,
    description,
    expression,
    unit,
    site_id: siteId,
    result_unit: 'error' in checked ? null : checked.unit.name,
    problem: 'error' in checked ? checked.error.detail : null,
    created_at: formatInstant(createdAt),
    updated_at: formatInstant(updatedAt),
  };
}

const NOTHING = { error: null, value: null, unit: null, reason: null, coverage: null, warnings: [] };

function check({ expression, unit }: Definition, context: ExpressionContext): Checked & { leaves: readonly Leaf[] } {
  const parsed = parseExpression(expression);
  return { ...checkExpression(parsed, unit, context), leaves: leavesOf(parsed) };
}

/** Tells what is wrong as a value: people see it while they type, and in place of a value when metrics changed since. */
function attempt(definition: Definition, context: ExpressionContext) {
  try {
    return check(definition, context);
  } catch (error) {
    if (error instanceof ExpressionError) {
      return { error: { field: 'expression' as const, column: error.column, detail: error.message } };
    }
    if (!(error instanceof InvalidInput)) throw error;
    return { error: { field: 'unit' as const, column: null, detail: error.message } };
  }
}
