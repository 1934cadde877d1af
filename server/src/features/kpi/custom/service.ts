import type {
  CustomKpi,
  CustomKpiCreate,
  CustomKpiPatch,
  CustomKpiPreview,
  CustomKpiPreviewRequest,
  CustomKpiQuery,
  CustomKpiValue,
} from '@wattkeeper/contract/analytics/custom-kpi.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import { type Checked, checkExpression, type ExpressionContext } from '../../../analytics/kpi/check-expression.ts';
import { type Leaf, leavesOf, parseExpression } from '../../../analytics/kpi/expression.ts';
import { ExpressionError } from '../../../analytics/kpi/expression-error.ts';
import { InvalidInput } from '../../../domain/errors.ts';
import type { TelemetryQueries } from '../../../query/telemetry-queries.ts';
import type { CustomKpiRecord, CustomKpis } from '../../../storage/records/analytics/custom-kpis.ts';
import type { DeviceRecord } from '../../../storage/records/devices/device-record.ts';
import type { Sites } from '../../../storage/records/devices/sites.ts';
import type { SiteDevices } from '../../energy/site-sources.ts';
import { readLeaves } from '../leaf-values.ts';
import { type KpiService, periodWithHours, windowOf } from '../service.ts';

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

/** User-defined key figures: named expressions. */
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

  /** Throws InvalidInput for an invalid expression, with its column; Conflict if the name exists. */
  async create({ site_id: siteId, ...given }: CustomKpiCreate): Promise<CustomKpi> {
    check({ ...given, siteId }, await this.#contextOf(siteId));
    return this.#describe(await this.#options.records.create({ ...given, siteId }));
  }

  /** Like `create`; also throws NotFound. */
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

  /** The value of one key figure for a machine. Throws NotFound, or InvalidInput if the key figure belongs to another site. */
  async value(id: string, query: CustomKpiQuery): Promise<CustomKpiValue> {
    const { records, devices, sites } = this.#options;
    const record = await records.require(id);
    const machine = devices.require(query.machine_id);
    if (!isFor(record, machine)) {
      const { name } = await sites.require(record.siteId as string);
      const detail = `must be a machine of the site ${name}, for which the key figure is defined; ${machine.name} is at another`;
      throw new InvalidInput(`machine_id ${detail}`, { fields: [{ field: 'machine_id', detail }] });
    }
    const [value] = await this.#values([record], machine, query);
    return value as CustomKpiValue;
  }

  /** The values of all key figures that apply to a machine, by name. Throws NotFound, or InvalidInput for the window. */
  async values(query: CustomKpiQuery): Promise<CustomKpiValue[]> {
    const machine = this.#options.devices.require(query.machine_id);
    const records = await this.#options.records.list();
    return this.#values(
      records.filter((record) => isFor(record, machine)),
      machine,
      query,
    );
  }

  /** The value of an expression, or its error. Throws NotFound for an unknown machine or site. */
  async preview({ site_id: siteId, machine_id, ...given }: CustomKpiPreviewRequest): Promise<CustomKpiPreview> {
    const definition = { expression: given.expression, unit: given.unit || null, siteId };
    const checked = attempt(definition, await this.#contextOf(siteId));
    if ('error' in checked) return { ...NOTHING, error: checked.error };
    if (machine_id === undefined) return { ...NOTHING, unit: checked.unit.name };
    const machine = this.#options.devices.require(machine_id);
    const { values } = await this.#evaluate([definition], machine, { ...given, machine_id });
    return values[0]!;
  }

  async #values(
    records: readonly CustomKpiRecord[],
    machine: DeviceRecord,
    query: CustomKpiQuery,
  ): Promise<CustomKpiValue[]> {
    const { window, values } = await this.#evaluate(records, machine, query);
    return records.map(({ id, name }, r) => {
      const { error, ...value } = values[r]!;
      const reason = error ? problemOf(error) : value.reason;
      return {
        id,
        name,
        machine_id: machine.id,
        machine_name: machine.name,
        time_period: periodWithHours(window),
        ...value,
        reason,
      };
    });
  }

  /** Evaluates several for one machine, whose readings are loaded once. */
  async #evaluate(definitions: readonly Definition[], machine: DeviceRecord, query: CustomKpiQuery) {
    const context = await this.#contextOf(machine.siteId);
    const window = windowOf(query, this.#options.now());
    const checked = definitions.map((definition) => attempt(definition, context));
    const leaves = checked.flatMap((one) => ('error' in one ? [] : one.leaves));
    const load = await readLeaves(this.#options, leaves, machine, window);
    const values = checked.map((one): CustomKpiPreview => {
      if ('error' in one) return { ...NOTHING, error: one.error };
      const outcome = one.value((leaf) => load(leaf).outcome);
      const [value, reason] = 'value' in outcome ? [outcome.value, null] : [null, outcome.reason];
      const parts = one.leaves.map(load);
      const coverages = parts.flatMap(({ coverage }) => coverage ?? []);
      const coverage = coverages.length === 0 ? null : Math.min(...coverages);
      const warnings = [...new Set(parts.flatMap((part) => part.warnings))];
      return { error: null, value, unit: one.unit.name, reason, coverage, warnings };
    });
    return { window, values };
  }

  async #describe(record: CustomKpiRecord): Promise<CustomKpi> {
    return toCustomKpi(record, await this.#contextOf(record.siteId));
  }

  /** The context in which expressions are checked: the currency is the site's, or the one that all sites share. */
  async #contextOf(siteId: string | null): Promise<ExpressionContext> {
    const { sites, catalogue, devices, queries } = this.#options;
    const meant = siteId === null ? await sites.list() : [await sites.require(siteId)];
    const currencies = new Set(meant.map(({ currency }) => currency));
    const units = new Set(catalogue.all().map(({ unit }) => unit));
    let reported: ReadonlySet<string> | undefined;
    const isReported = (name: string) => {
      reported ??= new Set(devices.all().flatMap(({ id }) => queries.metricsOf(id)));
      return reported.has(name);
    };
    return {
      currency: currencies.size === 1 ? [...currencies][0]! : null,
      isUnit: (word) => units.has(word),
      metric: (name) => catalogue.get(name) ?? (isReported(name) ? catalogue.describe(name) : undefined),
    };
  }
}

function isFor({ siteId }: CustomKpiRecord, machine: DeviceRecord): boolean {
  return siteId === null || siteId === machine.siteId;
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
    problem: 'error' in checked ? problemOf(checked.error) : null,
    created_at: formatInstant(createdAt),
    updated_at: formatInstant(updatedAt),
  };
}

const NOTHING = { error: null, value: null, unit: null, reason: null, coverage: null, warnings: [] };

function check({ expression, unit }: Definition, context: ExpressionContext): Checked & { leaves: readonly Leaf[] } {
  const parsed = parseExpression(expression);
  return { ...checkExpression(parsed, unit, context), leaves: leavesOf(parsed) };
}

function problemOf({ column, detail }: NonNullable<CustomKpiPreview['error']>): string {
  return column === null ? detail : `column ${column}: ${detail}`;
}

/** Returns an error as a value: users see it while they type, or in place of a value after metrics have changed. */
function attempt(definition: Definition, context: ExpressionContext) {
  try {
    return check(definition, context);
  } catch (error) {
    if (error instanceof ExpressionError) {
      return { error: { field: 'expression' as const, column: error.column, detail: error.detail } };
    }
    if (!(error instanceof InvalidInput)) throw error;
    return { error: { field: 'unit' as const, column: null, detail: error.message } };
  }
}
