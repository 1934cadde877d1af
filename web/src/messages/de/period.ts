import type { period as en } from '../en/period.ts';
import type { Translated } from '../lookup.ts';

export const period: Translated<typeof en> = {
  'period.days': { one: '{count} Tag', other: '{count} Tage' },
  'period.label': 'Zeitraum',
  'period.month': 'Monat',
  'period.quarter': 'Quartal',
  'period.year': 'Jahr',
  'period.custom': 'Eigener',
  'period.quarter_of': '{number}. Quartal {year}',
  'period.quarter_short': '{number}. Quartal',
  'period.empty': 'In diesem Zeitraum gibt es keine Messwerte.',
};
