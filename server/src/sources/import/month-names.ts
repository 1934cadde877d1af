const known = new Map<string, ReadonlyMap<string, number>>();
/** Minimum number of letters of an abbreviated month name. */
const MIN_MONTH_LETTERS = 3;

export function isLanguage(name: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(name).length > 0;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** 1 to 12 for a month's name in a language, full, short or abbreviated; 0 for any other text. */
export function monthOf(name: string, language: string): number {
  const names = known.get(language) ?? namesIn(language);
  known.set(language, names);
  const given = normalised(name);
  const exact = names.get(given);
  if (exact !== undefined) return exact;
  if (given.length < MIN_MONTH_LETTERS) return 0;
  const months = new Set([...names].flatMap(([full, month]) => (full.startsWith(given) ? [month] : [])));
  return months.size === 1 ? [...months][0]! : 0;
}

/** Names alone and within a date: languages such as Polish decline them. */
function namesIn(language: string): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  for (const month of ['long', 'short'] as const) {
    for (const day of [undefined, 'numeric'] as const) {
      const format = new Intl.DateTimeFormat(language, { month, ...(day && { day }), timeZone: 'UTC' });
      for (let at = 0; at < 12; at++) {
        const part = format.formatToParts(Date.UTC(2026, at, 1)).find(({ type }) => type === 'month');
        if (part) names.set(normalised(part.value), at + 1);
      }
    }
  }
  return names;
}

/** Case, accents and full stops are ignored: `Mär.` and `MAR`. */
function normalised(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[\p{M}.]/gu, '')
    .toLowerCase();
}
