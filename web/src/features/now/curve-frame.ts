import type { TelemetryAnswer } from '@wattkeeper/contract/telemetry.ts';
import { alignSeries, type Frame, type SeriesInput } from '../../charts/frame.ts';
import type { Token } from '../../charts/palette.ts';
import type { MessageKey } from '../../messages/lookup.ts';

interface Curve {
  readonly metric: string;
  readonly label: MessageKey;
  readonly colour: Token;
  readonly filled: boolean;
}

/** The curves of the day, the background first. */
export const CURVES: readonly Curve[] = [
  { metric: 'solar.power_kw', label: 'now.solar', colour: 'solar', filled: true },
  { metric: 'load.power_kw', label: 'now.load', colour: 'load', filled: false },
  { metric: 'energy.power_kw', label: 'now.machines_curve', colour: 'load', filled: false },
  { metric: 'grid.power_kw', label: 'now.grid', colour: 'import', filled: false },
  { metric: 'battery.power_kw', label: 'now.battery', colour: 'battery', filled: false },
  { metric: 'vehicle.power_kw', label: 'now.vehicle', colour: 'vehicle', filled: false },
];

/** One column a metric, added up over the devices that report it. */
export function curveFrame(answer: TelemetryAnswer): { frame: Frame; shown: readonly Curve[] } {
  const shown = CURVES.filter(({ metric }) => answer.series.some((series) => series.metric === metric));
  const frame = alignSeries(
    shown.map(({ metric }) => addedUp(answer.series.filter((series) => series.metric === metric))),
  );
  return { frame, shown };
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
