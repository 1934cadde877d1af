import type { machines as en } from '../en/machines.ts';
import type { Translated } from '../lookup.ts';

export const machines: Translated<typeof en> = {
  'nav.machines': 'Maschinen',
  'machines.title': 'Maschinen',
  'machines.figures': 'Kennzahlen',
  'machines.none': 'Dieser Standort hat keine Maschinen.',
  'machines.none_hint':
    'Eine Maschine ist ein Gerät der Art machine. Andere Zähler stehen auf der Seite Ausgangsbasis.',
  'machines.machine': 'Maschine',
  'machines.sec': 'Spezifischer Energieverbrauch (SEC)',
  'machines.sec_unit': 'kWh/Stück',
  'machines.peak': 'Lastspitze',
  'machines.load_factor': 'Lastfaktor',
  'machines.cost': 'Energiekosten',
  'machines.demand_charge': 'Leistungspreis',
  'machines.demand_charge_note':
    'Nach der eigenen Lastspitze der Maschine. Die Beträge aller Maschinen ergeben zusammen mehr als der Betrag des Standorts.',
  'machines.carbon': 'CO₂',
  'machines.baseline': 'Ausgangsbasis',
  'machines.no_baseline': 'keine aktive Ausgangsbasis',
  'machines.train': 'Ausgangsbasis trainieren',
  'machines.version': 'Version {version}, R² {r2}',
  'machines.course': 'Lastgang',
  'machines.course_of': 'Mittlere Leistung von {name} im Zeitraum',
  'machines.unknown': 'Dieser Standort hat keine Maschine mit dieser Adresse.',
  'machines.back': 'Alle Maschinen',
  'machines.anomalies': 'Anomalien',
  'machines.train_baseline': 'Ausgangsbasis trainieren',
  'machines.ways': 'Mehr zu dieser Maschine',
  'machines.baseline_version': 'Ausgangsbasis {version}, R² {r2}',
  'machines.power': 'Leistung',
  'machines.power_note': 'Mittelwerte mit Minimum und Maximum; Anomalien sind markiert.',
  'machines.mean_power': 'Mittlere Leistung',
  'machines.no_power': 'Die Maschine meldet Energie, aber keine Leistung.',
};
