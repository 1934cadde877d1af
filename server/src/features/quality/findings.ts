import type {
  Consistency,
  DeviceArrivals,
  QualityFinding,
  SeriesQuality,
} from '@wattkeeper/contract/storage/quality.ts';
import { counterFindings } from './counter-findings.ts';

/** Share of the expected samples below which a series is reported as incomplete, and below which this is critical. */
const COMPLETE = 0.99;
const POOR = 0.9;
/** A clock that is ahead by more shifts tariffs and 15-minute values; a delay may also come from the transmission, so more is allowed. */
const AHEAD_S = 30;
const BEHIND_S = 300;
const SEVERITIES = ['critical', 'warning', 'info'] as const;

type Finding = Omit<QualityFinding, 'device_id' | 'device_name' | 'metric' | 'amount_in_doubt' | 'counter_event'> &
  Partial<Pick<QualityFinding, 'amount_in_doubt' | 'counter_event'>>;

/** Findings about a day's data, worst first, each with advice. */
export function findingsOf(
  series: readonly SeriesQuality[],
  devices: readonly DeviceArrivals[],
  consistency: readonly Consistency[],
): QualityFinding[] {
  const findings = [
    ...series.flatMap((one) => about(one, one.metric, seriesFindings(one))),
    ...devices.flatMap((one) => about(one, null, deviceFindings(one))),
    ...consistency.flatMap((one) =>
      about(one, one.kind === 'site_balance' ? null : one.subject, consistencyFindings(one)),
    ),
  ];
  return findings.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function about(
  { device_id, device_name }: { device_id: string | null; device_name: string | null },
  metric: string | null,
  findings: readonly Finding[],
): QualityFinding[] {
  return findings.map((finding) => ({
    amount_in_doubt: null,
    counter_event: null,
    ...finding,
    device_id,
    device_name,
    metric,
  }));
}

function seriesFindings(series: SeriesQuality): Finding[] {
  const found: Finding[] = [];
  const { completeness, samples, expected, gap_count, gap_s, out_of_range, stuck, interpolated } = series;
  if (samples === 0 && expected === 0) return found;
  if (samples === 0) {
    found.push({
      code: 'silent',
      severity: 'critical',
      detail: `no sample; ${expected ?? 'some'} were expected`,
      advice:
        'Check the power supply and the network connection of the device. If it is no longer installed, retire it.',
    });
  } else if (completeness !== null && completeness < COMPLETE) {
    found.push({
      code: 'incomplete',
      severity: completeness < POOR ? 'critical' : 'warning',
      detail: `${percent(completeness)} of ${expected} expected samples; ${gap_count} ${gap_count === 1 ? 'gap' : 'gaps'}, ${duration(gap_s)} in total`,
      advice:
        'Check the connection of the device at the times of the gaps. If it reports less often by design, set its expected interval.',
    });
  }
  if (stuck.length > 0) {
    found.push({
      code: 'stuck',
      severity: 'critical',
      detail: `the value did not change ${stuck.length === 1 ? 'once' : `${stuck.length} times`}, ${duration(lengthS(stuck))} in total`,
      advice: 'Restart the sensor or the gateway that repeats its last value; correct or delete the repeated values.',
    });
  }
  if (interpolated.length > 0) {
    found.push({
      code: 'interpolated',
      severity: 'warning',
      detail: `values on a straight line, ${duration(lengthS(interpolated))} in total: interpolated, not measured`,
      advice:
        'Turn off interpolation in the device or the upstream software: a gap shows that data is missing; an interpolated line hides it.',
    });
  }
  if (out_of_range > 0) {
    found.push({
      code: 'out_of_range',
      severity: 'warning',
      detail: `${out_of_range} values outside the metric's limits`,
      advice: 'Check unit and scale of the mapping, then delete or correct the values.',
    });
  }
  return [...found, ...counterFindings(series)];
}

function deviceFindings({ quarantined, duplicates, readings, clock_ahead_s }: DeviceArrivals): Finding[] {
  const found: Finding[] = [];
  if (quarantined > 0) {
    found.push({
      code: 'quarantined',
      severity: 'warning',
      detail: `${quarantined} implausible values are in quarantine`,
      advice: 'Accept or discard them.',
    });
  }
  if (duplicates > 0.01 * readings) {
    found.push({
      code: 'duplicates',
      severity: 'info',
      detail: `${duplicates} of ${readings} readings were sent twice`,
      advice: 'They count once. A possible cause is two senders for one device.',
    });
  }
  if (clock_ahead_s !== null && (clock_ahead_s > AHEAD_S || clock_ahead_s < -BEHIND_S)) {
    found.push({
      code: 'clock_skew',
      severity: 'warning',
      detail:
        clock_ahead_s > 0
          ? `its clock is ${duration(clock_ahead_s)} ahead`
          : `its readings are ${duration(-clock_ahead_s)} old when they arrive, or its clock is slow`,
      advice: 'Set the clock of the device by NTP: 15-minute values and tariffs depend on it.',
    });
  }
  return found;
}

function consistencyFindings({ kind, consistent, measured_kwh, accounted_kwh, deviation }: Consistency): Finding[] {
  if (consistent) return [];
  if (kind === 'site_balance') {
    return [
      {
        code: 'balance_off',
        severity: 'warning',
        detail: `supply of ${kwh(measured_kwh)} and use of ${kwh(accounted_kwh)} differ by ${percent(Math.abs(deviation))}`,
        advice: 'Check the sign and the scale of each meter, and whether one of them measures only a part.',
      },
    ];
  }
  return [
    {
      code: 'counter_disagrees',
      severity: 'warning',
      detail: `the counter grew by ${kwh(measured_kwh)}, power over time gives ${kwh(accounted_kwh)}`,
      advice:
        'Check unit and scale of both; power with a long reporting interval misses short peaks. If they differ by a factor of two, the balance uses the power.',
    },
  ];
}

function lengthS(spans: readonly { start: string; end: string }[]): number {
  return spans.reduce((sum, { start, end }) => sum + Date.parse(end) - Date.parse(start), 0) / 1000;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function kwh(energy: number): string {
  return `${energy.toFixed(1)} kWh`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
