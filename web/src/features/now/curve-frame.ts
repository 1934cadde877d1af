import type { Device } from '@wattkeeper/contract/device.ts';
import type { TelemetryAnswer } from '@wattkeeper/contract/telemetry.ts';
import { alignSeries, type Frame, type SeriesInput } from '../../charts/frame.ts';
import type { Token } from '../../charts/palette.ts';
import type { MessageKey } from '../../messages/lookup.ts';

interface Curve {
  readonly key: string;
  readonly metric: string;
  /** Only devices of kind machine, or only others; default: all. */
  readonly machines?: boolean;
  readonly label: MessageKey;
  readonly colour: Token;
  readonly filled: boolean;
}

/** The curves of the day, in drawing order. */
const CURVES: readonly Curve[] = [
  { key: 'solar', metric: 'solar.power_kw', label: 'now.solar', colour: 'solar', filled: true },
  { key: 'load', metric: 'load.power_kw', label: 'now.load', colour: 'load', filled: false },
  {
    key: 'machines',
    metric: 'energy.power_kw',
    machines: true,
    label: 'now.machines_curve',
    colour: 'load',
    filled: false,
  },
  {
    key: 'consumers',
    metric: 'energy.power_kw',
    machines: false,
    label: 'now.other_consumers',
    colour: 'series-8',
    filled: false,
  },
  { key: 'grid', metric: 'grid.power_kw', label: 'now.grid', colour: 'import', filled: false },
  { key: 'battery', metric: 'battery.power_kw', label: 'now.battery', colour: 'battery', filled: false },
  { key: 'vehicle', metric: 'vehicle.power_kw', label: 'now.vehicle', colour: 'vehicle', filled: false },
];
export const CURVE_METRICS: readonly string[] = [...new Set(CURVES.map(({ metric }) => metric))];

/** One column per curve, summed over the devices that report it. */
export function curveFrame(
  answer: TelemetryAnswer,
  devices: readonly Device[],
): { frame: Frame; shown: readonly Curve[] } {
  const machines = new Set(devices.filter(({ kind }) => kind === 'machine').map(({ id }) => id));
  const seriesOf = ({ metric, machines: wanted }: Curve) =>
    answer.series.filter(
      (series) => series.metric === metric && (wanted === undefined || machines.has(series.device_id) === wanted),
    );
  const shown = CURVES.filter((curve) => seriesOf(curve).length > 0);
  return { frame: alignSeries(shown.map((curve) => addedUp(seriesOf(curve)))), shown };
}

function addedUp(all: TelemetryAnswer['series']): SeriesInput {
  const sums = new Map<number, number | null>();
  for (const { timestamps, mean, value } of all) {
    const cells = mean ?? value ?? [];
    timestamps.forEach((timestamp, i) => {
      const time = Date.parse(timestamp);
      const cell = cells[i] ?? null;
      const sum = sums.get(time);
      sums.set(time, cell === null ? (sum ?? null) : (sum ?? 0) + cell);
    });
  }
  const times = [...sums.keys()].sort((a, b) => a - b);
  return { times, values: times.map((time) => sums.get(time) ?? null), gapMs: Number.POSITIVE_INFINITY };
}
