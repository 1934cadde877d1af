import type {
  Consistency,
  DeviceArrivals,
  QualityFinding,
  SeriesQuality,
} from '@wattkeeper/contract/storage/quality.ts';
import { counterFindings } from './counter-findings.ts';

/** Share of the expected samples below which a series is told as incomplete, and below which that is serious. */
const COMPLETE = 0.99;
const POOR = 0.9;
/** A clock that far ahead shifts tariffs and quarter hours; readings may be on their way for longer. */
const AHEAD_S = 30;
const BEHIND_S = 300;
const SEVERITIES = ['critical', 'warning', 'info'] as const;

type Finding = Omit<QualityFinding, 'device_id' | 'device_name' | 'metric' | 'amount_in_doubt' | 'counter_event'> &
  Partial<Pick<QualityFinding, 'amount_in_doubt' | 'counter_event'>>;

/** What a person should know of a day's data, worst first, with what to do. */
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
      advice: 'See whether the device has power and reaches the network. If it is gone for good, delete it.',
    });
  } else if (completeness !== null && completeness < COMPLETE) {
    found.push({
      code: 'incomplete',
      severity: completeness < POOR ? 'critical' : 'warning',
      detail: `${percent(completeness)} of ${expected} expected samples; ${gap_count} ${gap_count === 1 ? 'gap' : 'gaps'}, ${duration(gap_s)} together`,
      advice:
        'Look at the connection of the device at the times of the gaps. If it reports less often by design, set its expected interval.',
    });
  }
  if (stuck.length > 0) {
    found.push({
      code: 'stuck',
      severity: 'critical',
      detail: `the value stood still ${stuck.length === 1 ? 'once' : `${stuck.length} times`}, ${duration(lengthS(stuck))} together`,
      advice: 'Restart the sensor or the gateway that repeats its last value; correct or delete the stretch.',
    });
  }
  if (interpolated.length > 0) {
    found.push({
      code: 'interpolated',
      severity: 'warning',
      detail: `values on a straight line, ${duration(lengthS(interpolated))} together: filled in rather than measured`,
      advice: 'Switch off the filling of gaps in the device or the software before it: a gap is honest, a line is not.',
    });
  }
  if (out_of_range > 0) {
    found.push({
      code: 'out_of_range',
      severity: 'warning',
      detail: `${out_of_range} values beyond the metric's limits`,
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
      detail: `${quarantined} implausible values wait for a decision`,
      advice: 'Accept or discard them in the quarantine.',
    });
  }
  if (duplicates > 0.01 * readings) {
    found.push({
      code: 'duplicates',
      severity: 'info',
      detail: `${duplicates} of ${readings} readings were sent twice`,
      advice: 'Harmless: they count once. Two senders for one device would explain it.',
    });
  }
  if (clock_ahead_s !== null && (clock_ahead_s > AHEAD_S || clock_ahead_s < -BEHIND_S)) {
    found.push({
      code: 'clock_skew',
      severity: 'warning',
      detail:
        clock_ahead_s > 0
          ? `its clock is ${duration(clock_ahead_s)} ahead`
          : `its readings are ${duration(-clock_ahead_s)} old when they arrive, or its clock is behind`,
      advice: 'Set the clock of the device by NTP: quarter hours and tariffs depend on it.',
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
        detail: `${kwh(measured_kwh)} came in and ${kwh(accounted_kwh)} are accounted for: ${percent(Math.abs(deviation))} apart`,
        advice: 'Check the sign and the scale of each meter, and whether one of them measures only a part.',
      },
    ];
  }
  return [
    {
      code: 'counter_disagrees',
      severity: 'warning',
      detail: `the counter says ${kwh(measured_kwh)}, power over time ${kwh(accounted_kwh)}`,
      advice:
        'Check unit and scale of both; a power that is sampled seldom misses short peaks. Where they differ by a factor of two, the balance uses the power.',
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
