export const period = {
  'period.days': { one: '{count} day', other: '{count} days' },
  'period.label': 'Period',
  'period.month': 'Month',
  'period.quarter': 'Quarter',
  'period.year': 'Year',
  'period.custom': 'Custom',
  'period.quarter_of': 'Q{number} {year}',
  'period.quarter_short': 'Q{number}',
  'period.empty': 'There are no readings in this period.',
} as const;
