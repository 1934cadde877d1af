import type { machines as en } from '../en/machines.ts';

export const machines: Readonly<Record<keyof typeof en, string>> = {
  'nav.machines': 'Maszyny',
  'machines.title': 'Maszyny',
  'machines.period': 'Okres',
  'machines.day': '1 dzień',
  'machines.days': '{days} dni',
  'machines.figures': 'Wskaźniki',
  'machines.none': 'Żadna maszyna tej lokalizacji nie mierzy swojej energii.',
  'machines.none_hint': 'Maszyna to urządzenie, które zgłasza energy.power_kw lub energy.energy_kwh.',
  'machines.machine': 'Maszyna',
  'machines.sec': 'Energia na sztukę',
  'machines.sec_unit': 'kWh/szt.',
  'machines.peak': 'Moc szczytowa',
  'machines.load_factor': 'Współczynnik obciążenia',
  'machines.cost': 'Koszt',
  'machines.carbon': 'CO₂',
  'machines.baseline': 'Energia bazowa',
  'machines.no_baseline': 'żadna w użyciu',
  'machines.train': 'Wytrenuj',
  'machines.version': 'Wersja {version}, R² {r2}',
};
