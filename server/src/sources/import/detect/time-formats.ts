import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { FileClock } from '../clock.ts';

const DAYS = ['/', '.', '-'].flatMap((by) => [
  ...['yyyy', 'yy'].flatMap((year) => [`d${by}M${by}${year}`, `M${by}d${by}${year}`]),
  `yyyy${by}M${by}d`,
]);
const NAMED_DAYS = ['d MMM yyyy', 'd-MMM-yyyy', 'ddMMMyyyy', 'MMM d, yyyy', 'd. MMM yyyy', 'd-MMM-yy'];
const CLOCKS = ['H:mm', 'H:mm:ss', 'h:mm a', 'h:mm:ss a', 'h:mma', 'H:mm:ss.S', 'H:mm:ssX', 'H:mm:ss X', 'H:mm X'];
const FORMATS = [
  ...['epoch_s', 'epoch_ms', 'epoch_us', 'epoch_ns', 'iso', 'yyyyMMddHHmm', 'yyyyMMddHHmmss', 'yyyyMMdd'],
  ...[...DAYS, ...NAMED_DAYS, 'yyyyMMdd'].flatMap((day) => [
    day,
    ...CLOCKS.map((clock) => `${day} ${clock}`),
    `${day}, H:mm:ss`,
    `${day}'T'H:mm:ss`,
  ]),
];
/** Maximum length of a time. */
const MAX_TIME_CHARACTERS = 60;
/** Numeric times are between 2000 and 2100. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

export interface TimeFormat {
  readonly format: string;
  /** Number of different steps between the samples: fewer are more regular. */
  readonly steps: number;
  /** Most frequent step, milliseconds; null for fewer than two times. */
  readonly interval: number | null;
  /** Whether the texts have no time of day. */
  readonly isDay: boolean;
  /** Whether the texts have no offset. */
  readonly isLocal: boolean;
  readonly instants: readonly number[];
  /** Whether 0:00 is the end of its date: the times of the rows then jump back by a day minus one step. */
  readonly closesDay: boolean;
}

/** The formats that match all texts, the most regular first. */
export function timeFormats(texts: readonly string[], formats: readonly string[] = FORMATS): TimeFormat[] {
  const mayBeTimes = texts.every((text) => text.length <= MAX_TIME_CHARACTERS && /\d{2}/.test(text));
  if (texts.length === 0 || !mayBeTimes) return [];
  return formats
    .flatMap((format) => {
      const instants = instantsOf(texts, format);
      return instants === null
        ? []
        : [
            {
              format,
              instants,
              isDay: isDay(format, texts[0]!),
              closesDay: closesDay(instants),
              isLocal: isLocal(format, texts[0]!),
              ...stepsOf(instants),
            },
          ];
    })
    .toSorted((a, b) => a.steps - b.steps);
}

const clocks = new Map<string, FileClock>();

/** A clock in UTC, where no time depends on earlier ones. */
function clockOf(format: string): FileClock {
  const known = clocks.get(format);
  if (known !== undefined) return known;
  const clock = new FileClock({
    column: '',
    format,
    language: 'en',
    timezone: 'UTC',
    midnight: 'start',
    repeated: 'in_order',
    skipped: 'reject',
    shift_s: 0,
  });
  clocks.set(format, clock);
  return clock;
}

function instantsOf(texts: readonly string[], format: string): number[] | null {
  const clock = clockOf(format);
  const instants: number[] = [];
  for (const text of texts) {
    const instant = clock.read(text);
    if (!(instant >= EARLIEST_MS && instant < LATEST_MS)) return null;
    instants.push(instant);
  }
  return instants;
}

function isDay(format: string, text: string): boolean {
  return format === 'iso' ? !text.includes(':') : !/h|epoch/i.test(format);
}

function isLocal(format: string, text: string): boolean {
  return !/epoch|X/.test(format) && !(format === 'iso' && /Z$|\d[+-]\d\d:?\d\d$/.test(text));
}

function closesDay(instants: readonly number[]): boolean {
  const [, second] = instants;
  const midnights = instants.flatMap((instant, i) => (i > 0 && instant % UTC_DAY_MS === 0 ? [i] : []));
  const isAscending = second !== undefined && second > instants[0]!;
  return isAscending && midnights.length > 0 && midnights.every((i) => instants[i]! < instants[i - 1]!);
}

function stepsOf(instants: readonly number[]): { steps: number; interval: number | null } {
  const counts = new Map<number, number>();
  for (const [i, instant] of instants.entries()) {
    const step = Math.abs(instant - (instants[i - 1] ?? instant));
    if (step > 0) counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  const [interval] = [...counts].reduce<readonly [number | null, number]>(
    (best, next) => (next[1] > best[1] || (next[1] === best[1] && next[0] < best[0]!) ? next : best),
    [null, 0],
  );
  return { steps: counts.size, interval };
}
