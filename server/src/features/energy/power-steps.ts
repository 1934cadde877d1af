import type { Corner } from '../../analytics/energy/corners.ts';
import { expectedSilences } from '../../analytics/energy/life.ts';
import { combineSteps, fillSteps, type Steps, stepsOf } from '../../analytics/energy/steps.ts';
import { lowerBound, seriesOf } from '../../domain/columns/frame.ts';
import { decidingWindow } from '../../domain/time/cadence.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import { bestSources, type CornerSource } from './site-sources.ts';

/** Raw power of one device in a window and its margin. */
export async function deviceSteps(
  queries: TelemetryQueries,
  { deviceId, metrics, reporting }: Pick<CornerSource, 'deviceId' | 'metrics' | 'reporting'>,
  window: Window,
  asOf: number,
): Promise<Steps> {
  const [frame] = await queries.frames({
    deviceIds: [deviceId],
    group: metrics.group,
    quantities: [metrics.power],
    window: decidingWindow(window, reporting),
  });
  if (frame === undefined) return EMPTY_STEPS;
  return stepsOf(seriesOf(frame, metrics.power), { ...reporting, asOf });
}

const EMPTY_STEPS: Steps = {
  starts: new Float64Array(0),
  ends: new Float64Array(0),
  values: new Float64Array(0),
};

/** The span for which the power of corners is read. */
export interface PowerSpan {
  readonly window: Window;
  readonly asOf: number;
  /** Nights, in which panels without readings produce nothing; ascending, disjoint. */
  readonly dark: readonly Window[];
}

/** Raw power of a corner: the sum of the devices with the highest precedence, or null if not all of them report power. */
export async function cornerSteps(
  queries: TelemetryQueries,
  sources: readonly CornerSource[],
  corner: Corner,
  span: PowerSpan,
): Promise<Steps | null> {
  const best = bestSources(sources, corner, span.window);
  if (best.length === 0 || best.some(({ hasPower }) => !hasPower)) return null;
  const parts = await Promise.all(best.map((source) => deviceSteps(queries, source, span.window, span.asOf)));
  const canLack = corner === 'solar' || corner === 'battery';
  const filled = parts.map((steps, i) => {
    const { life } = best[i]!;
    const others = best.filter((_, o) => o !== i).map((other) => other.life);
    const alive = until(steps, life.end);
    const complete = fillSteps(alive, expectedSilences(life, others, canLack, span.window), 0);
    return corner === 'solar' ? fillSteps(complete, span.dark, 0) : complete;
  });
  const [only] = filled;
  return only !== undefined && filled.length === 1 ? only : combineSteps(filled.map((steps) => ({ steps, factor: 1 })));
}

function until({ starts, ends, values }: Steps, end: number): Steps {
  const length = lowerBound(starts, end);
  return {
    starts: starts.subarray(0, length),
    ends: ends.slice(0, length).map((one) => Math.min(one, end)),
    values: values.subarray(0, length),
  };
}

/** A corner's power derived from the other corners: `grid = load − solar + battery`. */
export interface PowerFormula {
  readonly of: 'grid' | 'load';
  readonly terms: readonly { readonly corner: Corner; readonly factor: number }[];
}

export const GRID_POWER: PowerFormula = {
  of: 'grid',
  terms: [
    { corner: 'load', factor: 1 },
    { corner: 'solar', factor: -1 },
    { corner: 'battery', factor: 1 },
  ],
};
export const LOAD_POWER: PowerFormula = {
  of: 'load',
  terms: [
    { corner: 'grid', factor: 1 },
    { corner: 'solar', factor: 1 },
    { corner: 'battery', factor: -1 },
  ],
};

/**
 * Derives a corner's power. Null if its first term is not reported as power, or if another term that the site has is not.
 * @param has corners that the site has at any time
 */
export async function derivedSteps(
  queries: TelemetryQueries,
  sources: readonly CornerSource[],
  formula: PowerFormula,
  has: ReadonlySet<Corner>,
  span: PowerSpan,
): Promise<{ steps: Steps; from: string } | null> {
  const isAbsent = (corner: Corner) =>
    sources.some(({ metrics }) => metrics.corner === corner) && bestSources(sources, corner, span.window).length === 0;
  const terms = formula.terms.filter(({ corner }, i) => i === 0 || (has.has(corner) && !isAbsent(corner)));
  const parts = await Promise.all(terms.map(({ corner }) => cornerSteps(queries, sources, corner, span)));
  const known = parts.flatMap((steps, i) => (steps ? [{ steps, factor: terms[i]?.factor as number }] : []));
  if (known.length < terms.length) return null;
  const from = terms.map(({ corner }) => corner).join(', ');
  return { steps: known.length === 1 ? (known[0]?.steps as Steps) : combineSteps(known), from };
}
