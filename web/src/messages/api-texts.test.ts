import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { LANGUAGES } from '../data/preferences.ts';
import { loadMessages } from './catalogues.ts';

const CONTRACT = new URL('../../../contract/src/', import.meta.url);

/** Where the texts of an enum of the API are: `{}` stands for its value. By the name of the schema, or where it has none of its schema and property. */
const TEXTS: Readonly<Record<string, string>> = {
  AnomalyType: 'anomalies.type.{}',
  AnomalySeverity: 'anomalies.{}',
  AnomalyFeature: 'anomalies.feature.{}',
  AnomalyLabel: 'anomalies.label.{}',
  'AnomalyEvent.kind': 'anomalies.kind.{}',
  Scope: 'system.scope_{}',
  GrantableScope: 'system.scope_{}',
  Role: 'system.role_{}',
  ModelType: 'baseline.{}',
  ModelName: 'baseline.{}',
  Resolution: 'baseline.{}',
  'Deviation.deviation_severity': 'baseline.{}',
  SavingsVerdict: 'baseline.{}',
  Severity: 'baseline.{}',
  'BaselineModel.balance_points.kind': 'baseline.{}_begins',
  DeviceKind: 'kind.{}',
  DeviceStatus: 'device.{}',
  ErrorCode: 'problem.{}',
  ForecastHorizon: 'forecast.{}',
  'SolarForecast.horizon': 'forecast.{}',
  'SolarForecast.method': 'method.{}',
  JobState: 'system.job_{}',
  'FeatureChange.state': 'system.job_{}',
  'FeatureChange.step': 'switch_step.{}',
  MigrationSourceName: 'system.migration_{}',
  'QualityFinding.code': 'finding.{}',
  'HealthStatus.status': 'system.{}',
  'StoreHealth.status': 'system.{}',
  'StoreGapHealth.reason': 'system.gap_{}',
  'HistoryHealth.problem': 'history_notice.{}',
  'SourceHealth.status': 'source.{}',
  'TariffBand.holidays': 'tariff.holidays_{}',
  'ChargingSession.direction': 'energy.{}',
  'ChargingSession.source': 'session.{}',
  'Drivers.suggestion.left_out.reason': 'driver.{}',
  'OptimalSchedule.chosen_by': 'chosen_by.{}',
  CounterBehaviour: 'counter.{}',
  'CounterEvent.kind': 'event.{}',
  'QualityFinding.severity': 'severity.{}',
  'Consistency.kind': 'consistency.{}',
  'Repair.state': 'repair.{}',
  ReportKind: 'report.{}',
  'SchedulerStatus.state': 'scheduler.{}',
  MetricKind: 'metric_kind.{}',
  'ImportDetection.format': 'format.{}',
  'SetAsideEntry.kind': 'set_aside.{}',
  'Health.database': 'records.{}',
  'Health.records.status': 'records.{}',
  'HistoryHealth.status': 'history_state.{}',
};

/** Enums that need no text: choices of requests, proper names, and codes of units of time. */
const WITHOUT_TEXT = new Set([
  'Aggregate',
  'AnomalyQuery.active',
  'Bucket',
  'CustomKpiPreview.error.field',
  'EnergyBalanceQuery.resolution',
  'Health.records.type',
  'ImportPreview.counted_by',
  'ImportPrice.period',
  'Language',
  'QuarantineDecision.decision',
  'TelemetryQuery.format',
  'ZeroReadings',
]);

it.each(LANGUAGES)('every value that the API can send has a text in %s', async (language) => {
  const messages = await loadMessages(language);
  const without: string[] = [];
  const unknown: string[] = [];
  for (const [values, names] of await enumsOfTheContract()) {
    if (names.some((name) => WITHOUT_TEXT.has(name))) continue;
    const pattern = names.map((name) => TEXTS[name]).find((found) => found !== undefined);
    if (pattern === undefined) unknown.push(`${names[0]}: ${values.join(', ')}`);
    else
      without.push(
        ...values.map((value) => pattern.replace('{}', value)).filter((key) => !Object.hasOwn(messages, key)),
      );
  }
  expect(unknown).toEqual([]);
  expect(without).toEqual([]);
});

/** Values of each enum, with the names under which it is found. */
async function enumsOfTheContract(): Promise<[values: string[], names: string[]][]> {
  const found = new Map<string, Set<string>>();
  const files = readdirSync(CONTRACT, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    const module = (await import(new URL(file, CONTRACT).href)) as Record<string, unknown>;
    for (const [name, schema] of Object.entries(module)) {
      if (schema instanceof z.ZodType) collect(schema, name, found);
    }
  }
  return [...found].map(([values, names]) => [values.split('\n'), [...names]]);
}

function collect(schema: z.ZodType, path: string, found: Map<string, Set<string>>, within: z.ZodType[] = []): void {
  if (within.includes(schema)) return;
  if (schema instanceof z.ZodEnum) {
    const values = schema.options.join('\n');
    found.set(values, (found.get(values) ?? new Set()).add(path));
    return;
  }
  if (schema instanceof z.ZodObject) {
    for (const [key, part] of Object.entries(schema.shape))
      collect(part as z.ZodType, `${path}.${key}`, found, [...within, schema]);
    return;
  }
  const {
    innerType,
    element,
    keyType,
    valueType,
    in: from,
    out,
    left,
    right,
    options,
    items,
  } = schema.def as unknown as Record<string, unknown>;
  for (const part of [innerType, element, keyType, valueType, from, out, left, right, options, items].flat()) {
    if (part instanceof z.ZodType) collect(part, path, found, [...within, schema]);
  }
}
