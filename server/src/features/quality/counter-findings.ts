import type { CounterEvent, QualityFinding, SeriesQuality } from '@wattkeeper/contract/storage/quality.ts';

type CounterFinding = Pick<QualityFinding, 'code' | 'severity' | 'detail' | 'advice' | 'counter_event'> & {
  amount_in_doubt: number;
};

/** Resets on one day from which on they are a fault. */
const MANY_RESETS = 3;

/** What a counter did on a day other than grow: one finding for each event, with the amount in doubt. */
export function counterFindings({ counter_events: events, resets }: SeriesQuality): CounterFinding[] {
  return events.map((event) => ({
    ...(event.decided ? decided(event, resets) : describe(event, resets)),
    amount_in_doubt: event.in_doubt,
    counter_event: event,
  }));
}

type Described = Omit<CounterFinding, 'amount_in_doubt' | 'counter_event'>;

/** What was decided is no fault any more. */
function decided(event: CounterEvent, resets: number): Described {
  const { code, detail } = describe(event, resets);
  const [what] = detail.split(': ');
  return {
    ...{ code, severity: 'info', detail: `${what}: ${rounded(event.counted)} counted by decision` },
    advice: 'Take the decision back to let the rules decide.',
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
        detail: `misread ${at} (${change}): ignored, growth continues at the old level`,
        advice: 'Delete the values by a repair. If energy was used, decide what it counts for.',
      };
    case 'reset':
    case 'wrap':
      return {
        code: 'counter_reset',
        severity: resets >= MANY_RESETS ? 'warning' : 'info',
        detail: `${kind === 'reset' ? 'reset to zero' : 'end of the register'} ${at} (${change}): ${rounded(counted)} counted`,
        advice:
          'A restart of the meter does that once. If the counter is reset every day, declare it as reset_daily. Often is a fault: see whether two devices share a name.',
      };
    case 'replacement':
      return {
        code: 'counter_replaced',
        severity: 'warning',
        detail: `continues from a lower level ${at} (${change}): nothing counted between`,
        advice:
          'Decide that nothing counts if the meter was replaced, or what was used. If it was not replaced, correct the values on the wrong level by a repair.',
      };
    case 'jump':
      return {
        code: 'counter_jump',
        severity: 'warning',
        detail: `rose by more than the device can do ${at} (${change}): nothing counted between`,
        advice:
          'Decide that nothing counts if the meter was replaced, or that the energy was used. If the device can do that, declare its rated power.',
      };
  }
}

function rounded(amount: number): string {
  return String(Number(amount.toFixed(3)));
}
