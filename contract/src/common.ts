import { z } from 'zod';
import { MAX_NAME_CHARACTERS, nameFault } from './names.ts';

/** Earliest and latest instant that the API accepts: 1970 to the end of 2199. */
export const EARLIEST_MS = 0;
export const LATEST_MS = Date.UTC(2200, 0, 1);

/** An instant on the wire: ISO 8601 with `Z` or an offset. */
export const Instant = z
  .string()
  .refine(isInstant, {
    error: (issue) =>
      `must be an ISO 8601 time with an offset between 1970 and 2199, such as 2026-03-29T01:30:00Z; got ${quote(issue.input)}`,
  })
  .meta({ description: 'ISO 8601 time with Z or an offset', format: 'date-time', examples: ['2026-03-29T01:30:00Z'] });

const INSTANT = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([Zz]|[+-]\d{2}(:?\d{2})?)$/;

/** Whether `text` is an instant that the API accepts. */
export function isInstant(text: string): boolean {
  if (!INSTANT.test(text)) return false;
  const ms = Date.parse(normalise(text));
  return ms >= EARLIEST_MS && ms < LATEST_MS && dayExists(text);
}

/** Epoch milliseconds of an instant that `isInstant` accepts; NaN otherwise. */
export function parseInstant(text: string): number {
  return isInstant(text) ? Date.parse(normalise(text)) : Number.NaN;
}

/** ISO 8601 in UTC with milliseconds, the format of all instants in answers. */
export function formatInstant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function normalise(text: string): string {
  return text
    .replace(' ', 'T')
    .replace(',', '.')
    .replace(/([+-]\d{2})(\d{2})?$/, (all, hours: string, minutes: string | undefined) =>
      text.includes(':', text.length - 3) ? all : `${hours}:${minutes ?? '00'}`,
    );
}

/** `Date.parse` accepts 30 February as a day in March; readings must not. */
function dayExists(text: string): boolean {
  const day = Number(text.slice(8, 10));
  return day >= 1 && day <= new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
}

/** A calendar day of a site. */
export const Day = z
  .string()
  .refine((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isInstant(`${text}T00:00:00Z`), {
    error: (issue) => `must be a day such as 2026-03-29; got ${quote(issue.input)}`,
  })
  .meta({ description: "Calendar day in the site's time zone", format: 'date', examples: ['2026-03-29'] });

/** A calendar day, or an instant, for windows that may start or end by days. */
export const DayOrInstant = z
  .string()
  .refine((text) => isInstant(text) || Day.safeParse(text).success, {
    error: (issue) =>
      `must be a day such as 2026-03-29 or an ISO 8601 time with an offset such as 2026-03-29T01:30:00Z, between 1970 and 2199; got ${quote(issue.input)}`,
  })
  .meta({
    description:
      "A calendar day in the site's time zone (as an end, the last day, included), or an instant (as an end, not included)",
    examples: ['2026-03-29', '2026-03-29T01:30:00Z'],
  });

export const TimePeriod = z
  .object({
    start: Instant.meta({ description: 'First instant of the window, included' }),
    end: Instant.meta({ description: 'End of the window, not included', examples: ['2026-03-30T01:30:00Z'] }),
  })
  .meta({ description: 'Half-open window: includes its start, excludes its end' });
export type TimePeriod = z.infer<typeof TimePeriod>;

/** A name that every store supports. */
export const Name = z
  .string()
  .trim()
  .min(1)
  .max(MAX_NAME_CHARACTERS)
  .check(z.superRefine(checkName))
  .meta({ description: 'A display name: one line, without leading or trailing spaces' });

/** A name exactly as in a file or a source, including surrounding spaces. */
export const GivenName = z
  .string()
  .min(1)
  .max(MAX_NAME_CHARACTERS)
  .check(z.superRefine(checkName))
  .meta({ description: 'A name exactly as in a file or a source, one line' });

function checkName(text: string, context: z.RefinementCtx<string>): void {
  const message = nameFault(text);
  if (message !== null) context.addIssue({ code: 'custom', message, input: text });
}

/** A query parameter that may be given once, repeatedly, or as a comma-separated list. */
export const TextList = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (Array.isArray(given) ? given : [given]).flatMap((text) => text.split(',')).filter(Boolean))
  .meta({ description: 'One or more, repeated or separated by commas' });

/** A cursor contains the sort key of an item, which may be a name in base64. */
const MAX_CURSOR_CHARACTERS = 1500;

/** A limit on the number of items, such as `limit: limitOf(100)`: its default and its maximum. */
export function limitOf(preset: number, maximum = 1000) {
  return z.coerce
    .number()
    .int()
    .min(1)
    .max(maximum)
    .default(preset)
    .meta({ description: 'Maximum number of items in the page', examples: [preset] });
}

export const PageQuery = z.object({
  limit: limitOf(100),
  cursor: z
    .string()
    .max(MAX_CURSOR_CHARACTERS)
    .optional()
    .meta({ description: 'next_cursor of the previous page; default: the first page' }),
});

/** Lists that are usually short have larger default pages. */
export const ListQuery = PageQuery.extend({ limit: limitOf(1000) });

export const NextCursor = z
  .string()
  .nullable()
  .meta({ description: 'Value of cursor for the next page; null: this is the last page' });

/** Adds `{items, next_cursor}` to any schema. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item).meta({ description: 'Items of this page, in the order of the list' }),
    next_cursor: NextCursor,
  });
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
