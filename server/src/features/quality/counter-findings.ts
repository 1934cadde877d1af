import type { CounterEvent, QualityFinding, SeriesQuality } from '@wattkeeper/contract/storage/quality.ts';

type CounterFinding = Pick<QualityFinding, 'code' | 'severity' | 'detail' | 'advice' | 'counter_event'> & {
  amount_in_doubt: number;
};

/** Number of resets on one day that is reported as a fault. */
const MANY_RESETS = 3;

/** The events of a counter on a day: one finding for each, with the amount in doubt. */
export function counterFindings({ counter_events: events, resets }: SeriesQuality): CounterFinding[] {
  return events.map((event) => ({
    ...(event.decided ? decided(event, resets) : describe(event, resets)),
    amount_in_doubt: event.in_doubt,
    counter_event: event,
  }));
}

type Described = Omit<CounterFinding, 'amount_in_doubt' | 'counter_event'>;

/** An event with a decision is no longer a fault. */
function decided(event: CounterEvent, resets: number): Described {
  const { code, detail } = describe(event, resets);
  const [what] = detail.split(': ');
  return {
    ...{ code, severity: 'info', detail: `${what}: ${rounded(event.counted)} counted by decision` },
    advice: 'Take the decision back to apply the rules again.',
  };
}

function describe(
  { kind, time_period: { start, end }, before, after, counted }: CounterEvent,
  resets: number,
): Described {
  const at = start === end ? `at ${start}` : `from ${start} to ${end}`;
  const change = `${rounded(before)} → ${rounded(after)}`;
  switch (kind) {
    case 'misread':
      return {
        code: 'counter_misread',
        severity: 'info',
        detail: `misread ${at} (${change}): ignored, growth continues from the previous level`,
        advice: 'Delete the values by a repair. If energy was used, decide the amount.',
      };
    case 'reset':
    case 'wrap':
      return {
        code: 'counter_reset',
        severity: resets >= MANY_RESETS ? 'warning' : 'info',
        detail: `${kind === 'reset' ? 'reset to zero' : 'end of the register'} ${at} (${change}): ${rounded(counted)} counted`,
        advice:
          'A restart of the meter causes one reset. If the counter is reset every day, declare it as reset_daily. Frequent resets are a fault: check whether two devices share a name.',
      };
    case 'replacement':
      return {
        code: 'counter_replaced',
        severity: 'warning',
        detail: `continues from a lower level ${at} (${change}): nothing counted between`,
        advice:
          'If the meter was replaced, decide that nothing counts, or decide the amount that was used. If it was not replaced, correct the values at the wrong level by a repair.',
      };
    case 'jump':
      return {
        code: 'counter_jump',
        severity: 'warning',
        detail: `rose by more than the rated power of the device allows ${at} (${change}): nothing counted between`,
        advice:
          'If the meter was replaced, decide that nothing counts; otherwise, decide that the energy was used. If the device has more power, declare its rated power.',
      };
  }
}

function rounded(amount: number): string {
  return String(Number(amount.toFixed(3)));
}
