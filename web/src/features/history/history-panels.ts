import { HOUR_MS, MINUTE_MS, UTC_DAY_MS, UTC_WEEK_MS } from '@wattkeeper/contract/durations.ts';
import type { TelemetryAnswer, TelemetrySeries } from '@wattkeeper/contract/telemetry.ts';
import {
  alignSeries,
  commonGaps,
  type Frame,
  gapLimitMs,
  gapsOf,
  type Interval,
  type SeriesInput,
} from '../../charts/frame.ts';
import type { Token } from '../../charts/palette.ts';
import type { ChartSeries } from '../../charts/uplot-options.ts';
import type { Window } from '../../data/period.ts';
import { type SeriesOffer, seriesKey } from './series-choice.ts';

/** One chart of the page: series of at most two units over the shared time axis. */
export interface HistoryPanel {
  readonly series: readonly ChartSeries[];
  readonly frame: Frame;
  /** Windows in which no series of the chart has values. */
  readonly gaps: readonly Interval[];
}

export interface SeriesData {
  readonly offer: SeriesOffer;
  readonly colour: Token;
  readonly input: SeriesInput;
  readonly bucket: TelemetryAnswer['bucket'];
  readonly coverage: number;
}

const UNITS_PER_PANEL = 2;
const BUCKET_MS: Partial<Record<TelemetryAnswer['bucket'], number>> = {
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '1d': UTC_DAY_MS,
  '1w': UTC_WEEK_MS,
  '1mo': 30.4 * UTC_DAY_MS,
};

/** Width of a bucket; 0 for raw samples. */
export function bucketMs(bucket: TelemetryAnswer['bucket']): number {
  return BUCKET_MS[bucket] ?? 0;
}

/** The series of the responses in the order of the view; series without a response are omitted. */
export function seriesData(
  offers: readonly SeriesOffer[],
  colours: readonly Token[],
  answers: readonly TelemetryAnswer[],
  shiftMs = 0,
): SeriesData[] {
  const found = new Map(
    answers.flatMap((answer) =>
      answer.series.map((series) => [
        seriesKey({ deviceId: series.device_id, metric: series.metric }),
        { series, answer },
      ]),
    ),
  );
  return offers.flatMap((offer, i) => {
    const hit = found.get(offer.key);
    if (!hit) return [];
    const { bucket } = hit.answer;
    const input = inputOf(hit.series, bucket, offer, shiftMs);
    return [{ offer, colour: colours[i]!, input, bucket, coverage: hit.series.coverage }];
  });
}

/** Charts for a view: one axis per unit, at most two axes per chart. A compared series shares the axis of its series. */
export function historyPanels(
  data: readonly SeriesData[],
  compared: readonly SeriesData[],
  labelOf: (offer: SeriesOffer, compared: boolean) => string,
  window: Window,
): HistoryPanel[] {
  const units = [...new Set(data.map(({ offer }) => offer.unit))];
  const panels: HistoryPanel[] = [];
  for (let first = 0; first < units.length; first += UNITS_PER_PANEL) {
    const own = units.slice(first, first + UNITS_PER_PANEL);
    const now = data.filter(({ offer }) => own.includes(offer.unit));
    const before = compared.filter(({ offer }) => own.includes(offer.unit));
    const frame = alignSeries([...now, ...before].map(({ input }, i) => (i < now.length ? input : lineOnly(input))));
    const gaps = frame.columns.slice(0, now.length).map(({ values }) => gapsOf(frame.times, values, window));
    panels.push({
      frame,
      gaps: commonGaps(gaps),
      series: [
        ...now.map((one) => chartSeries(one, labelOf(one.offer, false), false)),
        ...before.map((one) => chartSeries(one, labelOf(one.offer, true), true)),
      ],
    });
  }
  return panels;
}

function chartSeries({ offer, colour }: SeriesData, label: string, dashed: boolean): ChartSeries {
  return { key: dashed ? `${offer.key}:before` : offer.key, label, colour, unit: offer.unit, dashed };
}

/** A mean is drawn in the middle of its bucket; at its start, the curve would be half a bucket early. */
function inputOf(
  series: TelemetrySeries,
  bucket: TelemetryAnswer['bucket'],
  offer: SeriesOffer,
  shiftMs: number,
): SeriesInput {
  const width = bucketMs(bucket);
  const times = series.timestamps.map((timestamp) => Date.parse(timestamp) + width / 2 + shiftMs);
  const summed = offer.kind === 'delta' ? series.sum : undefined;
  const values = series.value ?? summed ?? series.mean ?? times.map(() => null);
  const { min, max } = series;
  return {
    times,
    values,
    ...(min && max && !summed && !series.value ? { low: min, high: max } : {}),
    gapMs: width > 0 ? 1.5 * width : gapLimitMs(times, offer.expectedIntervalMs),
  };
}

/** Overlapping bands would be unreadable. */
function lineOnly({ times, values, gapMs }: SeriesInput): SeriesInput {
  return { times, values, gapMs };
}
