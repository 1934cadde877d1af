import type { machines as en } from '../en/machines.ts';

export const machines: Readonly<Record<keyof typeof en, string>> = {
  'nav.machines': 'Maschinen',
  'machines.title': 'Maschinen',
  'machines.period': 'Zeitraum',
  'machines.day': '1 Tag',
  'machines.days': '{days} Tage',
  'machines.figures': 'Kennzahlen',
  'machines.none': 'An diesem Standort misst keine Maschine ihre Energie.',
  'machines.none_hint': 'Eine Maschine ist ein Gerät, das energy.power_kw oder energy.energy_kwh meldet.',
  'machines.machine': 'Maschine',
  'machines.sec': 'Energie je Stück',
  'machines.sec_unit': 'kWh/Stück',
  'machines.peak': 'Spitzenlast',
  'machines.load_factor': 'Lastfaktor',
  'machines.cost': 'Kosten',
  'machines.carbon': 'CO₂',
  'machines.baseline': 'Ausgangsbasis',
  'machines.no_baseline': 'keine in Gebrauch',
  'machines.train': 'Eine trainieren',
  'machines.version': 'Version {version}, R² {r2}',
};
