import type { period as en } from '../en/period.ts';
import type { Translated } from '../lookup.ts';

export const period: Translated<typeof en> = {
  'period.days': { one: '{count} dzień', few: '{count} dni', many: '{count} dni', other: '{count} dnia' },
  'period.label': 'Okres',
  'period.month': 'Miesiąc',
  'period.quarter': 'Kwartał',
  'period.year': 'Rok',
  'period.custom': 'Własny',
  'period.quarter_of': '{number}. kwartał {year}',
  'period.quarter_short': '{number}. kwartał',
  'period.empty': 'W tym okresie nie ma odczytów.',
};
