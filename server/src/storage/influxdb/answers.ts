import { z } from 'zod';
import { Unavailable } from '../../domain/errors.ts';
import { exceededLimit } from '../../domain/json-limits.ts';
import { quoted } from '../../outbound/foreign-text.ts';
import type { NamedBy } from '../../outbound/gate.ts';

/** Maximum number of rows of one line of a chunked answer. */
export const MAX_LINE_ROWS = 1000;
/** Maximum size of one line: 1,500 columns in each row, of 20 characters each, and their names. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024;
/** Limits of one line. Results, series and rows nest 7 deep; a server that ignores the number of rows sends 10,000. */
const LIMITS = { depth: 16, brackets: 50_000, commas: 3_000_000 };
const MAX_LIST_ITEMS = 20_000;

type Row = readonly (string | number | boolean | null)[];

/** The length is checked before the items; each invalid item is one issue. */
export function listOf<T>(item: z.ZodType<T>) {
  return z.custom<unknown[]>((list) => Array.isArray(list) && list.length <= MAX_LIST_ITEMS).pipe(z.array(item));
}

const Series = z.object({
  name: z.string().default(''),
  tags: z.record(z.string(), z.string()).optional(),
  columns: listOf(z.string()),
  /** An empty table of 2.x omits them. */
  values: listOf(z.custom<Row>(Array.isArray)).optional(),
});

/** An answer to InfluxQL. */
const Answer = z.object({
  results: listOf(
    z.object({
      statement_id: z.number().int().nonnegative().optional(),
      series: listOf(Series).optional(),
      error: z.string().optional(),
    }),
  ).optional(),
  error: z.string().optional(),
});
export type Answer = z.infer<typeof Answer>;

/** One series of an answer; a long series is split into several. */
export interface InfluxSeries {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly columns: readonly string[];
  readonly values: readonly Row[];
}

/** Error fields of a 2.x API's answers. */
const Fault = z.object({ error: z.string().optional(), message: z.string().optional() });

/** Known messages of servers that are not in the configuration, reworded: their text is not repeated. */
const KNOWN_REASONS: readonly (readonly [said: RegExp, reason: string])[] = [
  [/database not found/i, 'database not found'],
  [/retention policy not found/i, 'retention policy not found'],
  [/unauthorized|authorization|credentials|not authorized/i, 'it requires credentials: set migration.influxdb'],
  [/time ?out|unavailable|engine is closed/i, 'it is not available at present'],
];

/** @throws Unavailable for an answer that is not from InfluxDB; its text is not quoted */
export function parsedAnswer(line: string, place: string): Answer {
  return parsedBy(Answer, line, place);
}

/** As `parsedAnswer`, for an answer of another shape. */
export function parsedBy<T>(schema: z.ZodType<T>, text: string, place: string): T {
  const parsed = schema.safeParse(text === '' ? {} : jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Unavailable(`${place} does not answer as InfluxDB does: check the address`);
}

/** Reason of a rejected request; only the text of a configured server is quoted, truncated and without control characters. */
export function reasonIn(text: string, status: number | null, by: NamedBy): string {
  const fault = Fault.safeParse(jsonOf(text));
  const said = (fault.success ? (fault.data.error ?? fault.data.message) : undefined) ?? (fault.success ? '' : text);
  const own = by === 'configuration' ? quoted(said) : KNOWN_REASONS.find(([known]) => known.test(said))?.[1];
  return own || (status === null ? 'it reports an error' : `it answered ${status}`);
}

/**
 * Lines of an answer.
 * @throws Unavailable beyond `maxBytes` or for an endless line
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let [held, total] = [0, 0];
  for await (const chunk of chunks) {
    total += chunk.length;
    held += chunk.length;
    const lines = decoder.decode(chunk, { stream: true }).split('\n');
    if (lines.length > 1) held = 0;
    if (total > maxBytes || held > MAX_LINE_BYTES) throw new Unavailable('its answer is too long');
    for (const line of lines.slice(0, -1)) {
      const whole = parts.join('') + line;
      parts = [];
      if (whole !== '') yield whole;
    }
    parts.push(lines.at(-1)!);
  }
  const rest = parts.join('') + decoder.decode();
  if (rest !== '') yield rest;
}

function jsonOf(text: string): unknown {
  if (exceededLimit(text, LIMITS) !== null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
