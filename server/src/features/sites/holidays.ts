/**
 * Public holidays of a country as days (`YYYY-MM-DD`) of its calendar. Empty for an unknown country.
 * @param country ISO 3166, such as PL
 */
export async function publicHolidays(
  country: string | null,
  years: { readonly from: number; readonly to: number },
): Promise<Set<string>> {
  if (country === null) return new Set();
  const { default: Holidays } = await import('date-holidays');
  const calendar = new Holidays(country);
  const days = Array.from({ length: years.to - years.from + 1 }, (_, i) => calendar.getHolidays(years.from + i) ?? []);
  return new Set(
    days
      .flat()
      .filter(({ type }) => type === 'public')
      .map(({ date }) => date.slice(0, 10)),
  );
}
