import Holidays from 'date-holidays';

/**
 * Public holidays of a country as days (`YYYY-MM-DD`) of its calendar. None for a country that is not known.
 * @param country ISO 3166, such as PL
 */
export function publicHolidays(country: string | null, years: { from: number; to: number }): Set<string> {
  if (country === null) return new Set();
  const calendar = new Holidays(country);
  const days = Array.from({ length: years.to - years.from + 1 }, (_, i) => calendar.getHolidays(years.from + i) ?? []);
  return new Set(
    days
      .flat()
      .filter(({ type }) => type === 'public')
      .map(({ date }) => date.slice(0, 10)),
  );
}
