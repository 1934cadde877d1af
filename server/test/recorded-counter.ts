import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import type { Series } from '../src/domain/columns/frame.ts';

/** What is recorded of a counter of which the true growth is known. */
export interface RecordedCounter {
  readonly series: Series;
  readonly grown: number;
  /** What nobody can know from the record: growth while the meter was replaced, and steps of its resolution. */
  readonly uncertainty: number;
}

const START = Date.UTC(2026, 7, 3);
const FORMS = {
  steady: () => 0.7,
  solar: (hour: number) => Math.max(0, Math.sin(((hour - 6) / 12) * Math.PI)),
  stepped: (hour: number) => (hour % 3 < 1 ? 1 : 0.1),
};

const anyRun = fc.record({
  place: fc.integer({ min: 0, max: 999 }),
  samples: fc.constantFrom(1, 1, 2, 3, 5),
  kind: fc.constantFrom('zero', 'low', 'high', 'ten-fold', 'negative'),
});
const anyBreak = fc.record({
  place: fc.integer({ min: 100, max: 900 }),
  kind: fc.constantFrom('none', 'none', 'reset', 'lower meter', 'higher meter'),
});

/** Up to five days of a meter with an output of up to 300 kW, its misreads, and at most one reset or replacement. */
export const anyCounter: fc.Arbitrary<RecordedCounter> = fc
  .record({
    stepMs: fc.constantFrom(MINUTE_MS / 6, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS),
    hours: fc.integer({ min: 48, max: 120 }),
    peakKw: fc.constantFrom(2, 10, 40, 300),
    resolution: fc.constantFrom(0.001, 0.01, 0.1),
    height: fc.constantFrom(0, 400, 20_000, 987_654),
    form: fc.constantFrom('steady', 'solar', 'stepped'),
    runs: fc.array(anyRun, { maxLength: 4 }),
    break: anyBreak,
    jitters: fc.boolean(),
  })
  .map((plan) => {
    const { stepMs, peakKw, resolution } = plan;
    const count = Math.min(Math.floor((plan.hours * HOUR_MS) / stepMs), 4000);
    const breakAt = plan.break.kind === 'none' ? -1 : Math.floor((plan.break.place / 1000) * count);
    const rounded = (height: number) => Math.floor(height / resolution + 1e-9) * resolution;
    const values = new Float64Array(count);
    let { height } = plan;
    let grown = 0;
    let uncertainty = 2 * resolution + 1e-6;
    for (let i = 0; i < count; i++) {
      const growth = (peakKw * FORMS[plan.form]((((i * stepMs) / HOUR_MS) % 24) + 1e-9) * stepMs) / HOUR_MS;
      if (i === breakAt) {
        // A counter that is back where it was within hours may as well have been misread.
        if (plan.break.kind === 'reset' && height > 24 * peakKw) height = 0;
        else if (plan.break.kind === 'lower meter' && height > 200 * peakKw) height *= 0.94;
        else height += 100 * peakKw + 5000;
        // What is left of a register after its last value counts where a reset looks like its end.
        const left = 10 ** Math.ceil(Math.log10(values[i - 1]!)) - values[i - 1]!;
        uncertainty += 3 * growth + 4 * resolution + (left < (4 * peakKw * stepMs) / HOUR_MS ? left : 0);
      } else if (i > 0) height += growth;
      values[i] = rounded(height);
      if (i > 0 && i !== breakAt) grown += values[i]! - values[i - 1]!;
    }
    const misread = addRuns(values, plan.runs, breakAt, Math.max(2 * peakKw * HOUR_MS, peakKw * 20 * stepMs) / HOUR_MS);
    if (plan.jitters) {
      for (let i = 3; i < count - 3; i += 7) {
        const isFree = ![i, i + 1].some((at) => misread.has(at) || at === breakAt);
        if (isFree && values[i] === values[i - 1] && values[i]! >= resolution) values[i]! -= resolution;
      }
      uncertainty += 2 * resolution;
    }
    const timestamps = Float64Array.from(values, (_, i) => START + i * stepMs);
    // A counterexample shows its plan rather than thousands of samples.
    const shown = { [fc.toStringMethod]: () => JSON.stringify(plan) };
    return { series: { timestamps, values }, grown, uncertainty, ...shown };
  });

/** Puts runs of misreads far enough apart; answers their places. */
function addRuns(
  values: Float64Array,
  runs: readonly { readonly place: number; readonly samples: number; readonly kind: string }[],
  breakAt: number,
  far: number,
): Set<number> {
  const taken = new Set<number>();
  for (const { place, samples, kind } of runs) {
    const at = 10 + Math.floor((place / 1000) * (values.length - 20 - samples));
    const near = Array.from({ length: samples + 24 }, (_, i) => at - 12 + i);
    const base = values[at]!;
    // A value that is close to what the counter could have grown to is no misread that anybody could recognise.
    if (near.some((i) => taken.has(i) || i === breakAt) || base < far) continue;
    for (let i = at; i < at + samples; i++) {
      taken.add(i);
      if (kind === 'zero') values[i] = 0;
      else if (kind === 'low') values[i] = 0.3 * base;
      else if (kind === 'high') values[i] = base + 40 * far + 60;
      else if (kind === 'ten-fold') values[i] = 10 * base + 40 * far + 60;
      else values[i] = -1;
    }
  }
  return taken;
}
