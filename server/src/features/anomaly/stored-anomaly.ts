import type { Anomaly, AnomalyLabel } from '@wattkeeper/contract/analytics/anomaly.ts';
import { AnomalyFeature, AnomalyType } from '@wattkeeper/contract/analytics/anomaly.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import { z } from 'zod';
import type { FoundAnomaly } from '../../analytics/anomaly/detect.ts';
import type { LimitFactor } from '../../analytics/anomaly/device.ts';
import { Corrupt } from '../../domain/errors.ts';
import type { AnomalyInput, AnomalyRecord, LabelledAnomaly } from '../../storage/records/analytics/anomalies.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';

/** The stored reasons of an anomaly. */
const Reasons = z.object({
  features: z.array(z.object({ feature: AnomalyFeature, share: z.number() })),
  strength: z.number(),
  limit: z.number(),
  extraKwh: z.number().nullable(),
});

export type FoundEvent = Omit<FoundAnomaly, 'expected'> & {
  readonly expected: number | null;
  /** It had already started before the examined history. */
  readonly beganBefore?: boolean;
};

export function toInput(deviceId: string, found: FoundEvent): AnomalyInput {
  const { type, severity, metric, start, end, value, expected, confidence, features, strength, limit, extraKwh } =
    found;
  const reasons: z.infer<typeof Reasons> = { features: [...features], strength, limit, extraKwh };
  return {
    ...{ deviceId, type, severity, metric, value, confidence, reasons },
    startAt: start,
    endAt: end,
    expectedValue: expected,
  };
}

/** An anomaly in its API form. Throws Corrupt for an invalid record. */
export function toAnomaly(record: AnomalyRecord, device: DeviceRecord, describe: (metric: string) => Metric): Anomaly {
  const { value, expectedValue: expected, resolvedAt } = record;
  const { features, strength, extraKwh } = reasonsOf(record);
  const type = AnomalyType.safeParse(record.type);
  if (!type.success) throw new Corrupt(`the anomaly ${record.id} is of an unknown type: ${record.type}`);
  return {
    id: record.id,
    machine_id: device.id,
    machine_name: device.name,
    start: formatInstant(record.startAt),
    end: formatInstant(record.endAt),
    detected_at: formatInstant(record.detectedAt),
    anomaly_type: type.data,
    severity: record.severity,
    metric_name: record.metric,
    unit: describe(record.metric).unit,
    metric_value: value,
    expected_value: expected,
    deviation_percent: expected === null || expected === 0 ? null : (100 * (value - expected)) / Math.abs(expected),
    confidence_score: record.confidence,
    strength,
    extra_energy_kwh: extraKwh,
    reasons: features,
    is_resolved: resolvedAt !== null,
    resolved_at: resolvedAt === null ? null : formatInstant(resolvedAt),
  };
}

function reasonsOf({ id, reasons }: { readonly id?: string; readonly reasons: unknown }) {
  const parsed = Reasons.safeParse(reasons);
  if (parsed.success) return parsed.data;
  throw new Corrupt(`the reasons of the anomaly ${id} cannot be read: ${parsed.error.issues[0]?.message}`);
}

/** Maximum factor by which labels may raise a limit, except that of stuck sensors: a larger deviation is always reported. */
const MAX_THRESHOLD_FACTOR = 4;
const BEYOND = 1.02;

/**
 * Limits learnt from labels, by metric and type: the lowest factor of the default limit that classifies the most labelled events correctly.
 */
export function limitsOf(labelled: readonly LabelledAnomaly[]): LimitFactor[] {
  const groups = Map.groupBy(labelled, ({ metric, type }) => JSON.stringify([metric, type]));
  return [...groups.values()].flatMap((group) => {
    const { metric, type } = group[0]!;
    const known = AnomalyType.safeParse(type);
    const labelled = group.map((one) => {
      const { strength, limit } = reasonsOf(one);
      return { ratio: Math.abs(strength) / limit, label: one.label as AnomalyLabel };
    });
    const candidates = [1, ...labelled.filter(({ label }) => label === 'wrong').map(({ ratio }) => BEYOND * ratio)];
    const mistakes = (factor: number) =>
      labelled.filter(({ ratio, label }) => (label === 'wrong') === ratio >= factor).length;
    const best = candidates
      .sort((a, b) => a - b)
      .reduce((one, other) => (mistakes(other) < mistakes(one) ? other : one));
    const max = type === 'stuck_sensor' ? Number.POSITIVE_INFINITY : MAX_THRESHOLD_FACTOR;
    return known.success && best > 1 ? [{ metric, type: known.data, factor: Math.min(best, max) }] : [];
  });
}
