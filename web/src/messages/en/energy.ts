export const energy = {
  'energy.production': 'Production',
  'energy.consumption': 'Consumption',
  'energy.import': 'Import',
  'energy.export': 'Export',
  'energy.battery_in': 'Battery charged',
  'energy.battery_out': 'Battery discharged',
  'energy.vehicle': 'of which vehicle',
  'energy.self_sufficiency': 'Self-sufficiency',
  'energy.self_consumption': 'Self-consumption',
  'energy.carbon': 'Carbon',

  'money.cost': 'Energy bought',
  'money.revenue': 'Energy sold',
  'money.fixed': 'Fixed',
  'money.net': 'Net cost',
  'money.price_now': 'Price now',
} as const;
