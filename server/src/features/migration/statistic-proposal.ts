import { InvalidInput } from '../../domain/errors.ts';
import { conversion } from '../../domain/units.ts';

/** A series of another program: its names and its unit. */
export interface Statistic {
  /** `sensor.solar_power`. */
  readonly id: string;
  /** Its display name. */
  readonly name: string | null;
  readonly unit: string | null;
}

/** The proposed metric of a series. */
export interface Proposal {
  readonly metric: string;
  /** In the notation of `domain/units.ts`. */
  readonly unit: string;
  /** Whether it is about the whole site; else it is a separate device. */
  readonly ofPlace: boolean;
}

interface Rule {
  readonly words: RegExp;
  readonly metric: string;
  readonly ofPlace: boolean;
}

const VEHICLE = /\|(car|ev|vehicle|charger|wallbox|tesla|loadpoint)\|/;
const SOLAR = /\|(solar|pv|pv\d|photovoltaics?|panels?|string\d?)\|/;
const BATTERY = /\|(battery|batteries|storage|powerwall|accu)\|/;
const GRID = /\|(grid|mains|utility|p1|dsmr|net|meter)\|/;
const LOAD = /\|(load|house|home|household|consumption|backup)\|/;
const OUTWARD = /\|(export(ed)?|return(ed)?|feed|feedin|inject(ed|ion)?|sold|sell|produced|production)\|/;
const INWARD = /\|(import(ed)?|bought|buy|purchased?|consumed|consumption|delivered)\|/;
const CHARGED = /\|(charged?|charging|in)\|/;
const DISCHARGED = /\|(discharged?|discharging|out)\|/;
const GAS = /\|(gas|heat|heating|district|thermal)\|/;
/** Figures of a utility, whose meter is at the grid connection: `tibber:energy_consumption_1`, `opower:pge_elec_1_energy_return`. */
const EXTERNAL = /^\|external\|/;
const USED = /\|(consumption|consumed|usage|used|import(ed)?|verbrauch|bezug|zuzycie|pobor)\|/;
const ANY = /(?:)/;

const rule = (metric: string, words: RegExp, ofPlace = true): Rule => ({ metric, words, ofPlace });
const both = (a: RegExp, b: RegExp) => new RegExp(`(?=.*${a.source}).*${b.source}`);

/** By the unit of a metric, in order of precedence; the first rule whose words occur applies. */
const RULES = new Map(
  Object.entries<readonly Rule[]>({
    kW: [
      rule('vehicle.power_kw', VEHICLE),
      rule('energy.power_kw', both(GRID, OUTWARD), false),
      rule('battery.power_kw', BATTERY),
      rule('solar.power_kw', SOLAR),
      rule('grid.power_kw', GRID),
      rule('load.power_kw', LOAD),
      rule('energy.power_kw', ANY, false),
    ],
    kWh: [
      rule('energy.energy_kwh', GAS, false),
      rule('vehicle.energy_kwh', VEHICLE),
      rule('battery.energy_discharged_kwh', both(BATTERY, DISCHARGED)),
      rule('battery.energy_charged_kwh', both(BATTERY, CHARGED)),
      rule('grid.energy_exported_kwh', both(GRID, OUTWARD)),
      rule('solar.energy_kwh', SOLAR),
      rule('grid.energy_exported_kwh', both(EXTERNAL, OUTWARD)),
      rule('grid.energy_imported_kwh', both(EXTERNAL, USED)),
      rule('grid.energy_imported_kwh', both(GRID, INWARD)),
      rule('load.energy_kwh', LOAD),
      rule('energy.energy_kwh', ANY, false),
    ],
    '%': [
      rule('vehicle.soc_percent', both(VEHICLE, /\|(soc|battery|charge)\|/)),
      rule('battery.soh_percent', /\|(soh|health)\|/),
      rule('battery.soc_percent', /\|soc\|/),
      rule('battery.soc_percent', /\|state\|of\|charge\|/),
      rule(
        'battery.soc_percent',
        both(/\|(home|house|inverter|powerwall|storage)\|/, /\|(battery|charge|percentage)\|/),
      ),
      rule('environment.humidity_percent', /\|humidity\|/, false),
      rule('weather.cloud_cover_percent', /\|cloud(s|iness)?\|/),
      rule('system.cpu_percent', /\|(cpu|processor)\|/, false),
      rule('system.memory_percent', /\|memory\|/, false),
      rule('system.disk_percent', /\|disk\|/, false),
    ],
    '°C': [
      rule('battery.temperature_c', BATTERY),
      rule('environment.outdoor_temp_c', /\|(outdoor|outside|exterior|weather|garden)\|/),
      rule('environment.indoor_temp_c', ANY, false),
    ],
    V: [rule('battery.voltage_v', BATTERY), rule('solar.voltage_v', SOLAR), rule('grid.voltage_v', GRID)],
    A: [rule('battery.current_a', BATTERY), rule('solar.current_a', SOLAR)],
    Hz: [rule('grid.frequency_hz', ANY)],
    'W/m²': [rule('weather.irradiance_w_m2', ANY)],
    'm/s': [rule('weather.wind_speed_m_s', /\|wind\|/)],
    '¤/kWh': [
      rule('price.export_per_kwh', /\|(export|feed|feedin|sell|sold|return)\|/),
      rule('price.import_per_kwh', ANY),
    ],
    'kg/kWh': [rule('carbon.intensity_kg_per_kwh', ANY)],
  }),
);

/** Units of other programs that have another name here. */
const UNIT_NAMES = new Map(
  Object.entries({
    'gCO2eq/kWh': 'g/kWh',
    'g CO2eq/kWh': 'g/kWh',
    '€/kWh': 'EUR/kWh',
    '£/kWh': 'GBP/kWh',
    '$/kWh': 'USD/kWh',
    'zł/kWh': 'PLN/kWh',
    'p/kWh': 'ct/kWh',
    'W/m2': 'W/m²',
  }),
);

/** The most likely metric of a series, by its unit and the words in its names; null if none is recognised. */
export function proposeMetric({ id, name, unit }: Statistic): Proposal | null {
  if (unit === null || unit === '') return null;
  const known = UNIT_NAMES.get(unit) ?? unit;
  const words = `${id.includes(':') ? '|external' : ''}${wordsOf(`${id} ${name ?? ''}`)}`;
  for (const [stored, rules] of RULES) {
    if (!canBecome(known, stored)) continue;
    const found = rules.find((one) => one.words.test(words));
    return found ? { metric: found.metric, unit: known, ofPlace: found.ofPlace } : null;
  }
  return null;
}

function canBecome(unit: string, stored: string): boolean {
  try {
    conversion(unit, stored);
    return true;
  } catch (error) {
    if (error instanceof InvalidInput) return false;
    throw error;
  }
}

/** The words of a text in lower case between bars: `|grid|export|power|`. */
function wordsOf(text: string): string {
  const words = text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  return `|${words.join('|')}|`;
}
