import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';

/** A number and its unit, separate because the unit is displayed smaller. */
export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

export interface FormatSettings {
  readonly language: string;
  readonly timeZone: string;
  readonly currency: string;
}

const NOTHING: Quantity = { value: '–', unit: '' };

/** Formats numbers, money and times for one site and one language. Missing values become an en dash, never zero. */
export class Formatter {
  readonly settings: FormatSettings;
  readonly #numbers = new Map<number, Intl.NumberFormat>();
  readonly #dates = new Map<string, Intl.DateTimeFormat>();
  /** Decimal places of a currency's minor unit: 2 for EUR, none for KRW. */
  readonly #coinDigits: number;

  constructor(settings: FormatSettings) {
    this.settings = settings;
    const { language, currency } = settings;
    const coins = new Intl.NumberFormat(language, { style: 'currency', currency }).resolvedOptions();
    this.#coinDigits = coins.maximumFractionDigits ?? 2;
  }

  /** Power: W below 1 kW, MW from 1000 kW. */
  power(kw: number | null | undefined): Quantity {
    return this.#scaled(kw, ['W', 'kW', 'MW', 'GW']);
  }

  /** Energy: Wh below 0.1 kWh, MWh from 1000 kWh. */
  energy(kwh: number | null | undefined): Quantity {
    if (missing(kwh)) return NOTHING;
    const size = Math.abs(kwh);
    if (size > 0 && size < 0.1) return { value: this.number(kwh * 1000, 0), unit: 'Wh' };
    if (size < 1000) return { value: this.number(kwh, size < 10 ? 2 : 1), unit: 'kWh' };
    return size < 1e6
      ? { value: this.number(kwh / 1000, size < 1e4 ? 2 : 1), unit: 'MWh' }
      : { value: this.number(kwh / 1e6, 2), unit: 'GWh' };
  }

  /** A share (0–1) in percent. */
  share(share: number | null | undefined, digits = 0): Quantity {
    return missing(share) ? NOTHING : { value: this.number(share * 100, digits), unit: '%' };
  }

  mass(kg: number | null | undefined): Quantity {
    if (missing(kg)) return NOTHING;
    if (Math.abs(kg) >= 1000) return { value: this.number(kg / 1000, 2), unit: 't' };
    return { value: this.number(kg, Math.abs(kg) < 10 ? 2 : 1), unit: 'kg' };
  }

  /** An amount with its currency sign. */
  money(amount: number | null | undefined): string {
    if (missing(amount)) return NOTHING.value;
    const digits = Math.abs(amount) >= 10_000 ? 0 : this.#coinDigits;
    return this.#currency(amount, digits, digits);
  }

  /** A price per kWh, to a hundredth of the currency's minor unit. */
  price(perKwh: number | null | undefined): string {
    return missing(perKwh) ? NOTHING.value : `${this.#currency(perKwh, this.#coinDigits, this.#coinDigits + 2)}/kWh`;
  }

  /** A measured value in its own unit; `¤` in a unit stands for the site's currency. */
  measured(value: number | null | undefined, unit: string): Quantity {
    if (missing(value)) return { value: NOTHING.value, unit: this.unit(unit) };
    return { value: this.number(value, digitsOf(value, unit)), unit: this.unit(unit) };
  }

  /** A number with about four significant digits. */
  figure(value: number | null | undefined): string {
    if (missing(value)) return NOTHING.value;
    const size = Math.abs(value);
    if (size >= 1000) return size < 1e9 ? this.number(value) : this.#short(value, 'scientific');
    return size > 0 && size < 1e-4 ? this.#short(value, 'scientific') : this.#short(value, 'standard');
  }

  unit(unit: string): string {
    return unit.replace('¤', this.settings.currency);
  }

  number(value: number, digits = 0): string {
    let format = this.#numbers.get(digits);
    if (!format) {
      format = new Intl.NumberFormat(this.settings.language, {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      });
      this.#numbers.set(digits, format);
    }
    // Rounding may result in −0.
    return format.format(Math.round(value * 10 ** digits) === 0 ? 0 : value);
  }

  bytes(bytes: number | null | undefined): Quantity {
    if (missing(bytes)) return NOTHING;
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
    const scaled = bytes / 1000 ** step;
    return { value: this.number(scaled, step === 0 || scaled >= 100 ? 0 : 1), unit: units[step] ?? '' };
  }

  /** A count, abbreviated from a hundred thousand. */
  count(value: number | null | undefined): string {
    if (missing(value)) return NOTHING.value;
    if (value < 100_000) return this.number(value);
    return new Intl.NumberFormat(this.settings.language, { notation: 'compact', maximumFractionDigits: 1 }).format(
      value,
    );
  }

  milliseconds(ms: number | null | undefined): Quantity {
    if (missing(ms)) return NOTHING;
    if (ms >= 1000) return { value: this.number(ms / 1000, ms < 10_000 ? 1 : 0), unit: 's' };
    return { value: this.number(ms, ms < 10 ? 1 : 0), unit: 'ms' };
  }

  /** A duration by its two largest units: 3 d 4 h, 2 h 5 min, 12 s. */
  duration(ms: number): string {
    const minutes = Math.floor(ms / MINUTE_MS);
    if (minutes < 1) return `${this.number(ms / 1000)} s`;
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    const days = Math.floor(hours / 24);
    return hours % 24 && days < 100 ? `${this.number(days)} d ${hours % 24} h` : `${this.number(days)} d`;
  }

  /** One month by name, since months differ in length. */
  month(): string {
    return new Intl.NumberFormat(this.settings.language, { style: 'unit', unit: 'month', unitDisplay: 'long' }).format(
      1,
    );
  }

  /** Relative time: "5 seconds ago". */
  ago(ms: number): string {
    const relative = new Intl.RelativeTimeFormat(this.settings.language, { numeric: 'always' });
    const seconds = Math.max(0, Math.round(ms / 1000));
    if (seconds < 90) return relative.format(-seconds, 'second');
    if (seconds < 5400) return relative.format(-Math.round(seconds / 60), 'minute');
    if (seconds < 129_600) return relative.format(-Math.round(seconds / 3600), 'hour');
    return relative.format(-Math.round(seconds / 86_400), 'day');
  }

  clock(epochMs: number): string {
    return this.date(epochMs, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  }

  day(epochMs: number): string {
    return this.date(epochMs, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  }

  dateTime(epochMs: number): string {
    return this.date(epochMs, {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  }

  /** Any date format in the site's time zone. */
  date(epochMs: number, options: Intl.DateTimeFormatOptions): string {
    const key = JSON.stringify(options);
    let format = this.#dates.get(key);
    if (!format) {
      format = new Intl.DateTimeFormat(this.settings.language, { timeZone: this.settings.timeZone, ...options });
      this.#dates.set(key, format);
    }
    return format.format(epochMs);
  }

  #scaled(kilo: number | null | undefined, units: readonly [string, string, string, string]): Quantity {
    if (missing(kilo)) return NOTHING;
    const size = Math.abs(kilo);
    if (size < 0.9995) return { value: this.number(kilo * 1000), unit: size === 0 ? units[1] : units[0] };
    if (size < 1000) return { value: this.number(kilo, size < 10 ? 2 : size < 100 ? 1 : 0), unit: units[1] };
    const giga = size >= 1e6;
    return { value: this.number(kilo / (giga ? 1e6 : 1000), 2), unit: giga ? units[3] : units[2] };
  }

  #short(value: number, notation: 'standard' | 'scientific'): string {
    const options = { maximumSignificantDigits: 4, notation } as const;
    return new Intl.NumberFormat(this.settings.language, options).format(value);
  }

  #currency(amount: number, minDigits: number, maxDigits: number): string {
    return new Intl.NumberFormat(this.settings.language, {
      style: 'currency',
      currency: this.settings.currency,
      minimumFractionDigits: minDigits,
      maximumFractionDigits: maxDigits,
    }).format(Math.abs(amount) < 0.5 * 10 ** -maxDigits ? 0 : amount);
  }
}

/** A quantity as one text. */
export function plain(quantity: Quantity): string {
  return quantity.unit ? `${quantity.value} ${quantity.unit}` : quantity.value;
}

function missing(value: number | null | undefined): value is null | undefined {
  return value === null || value === undefined || Number.isNaN(value);
}

function digitsOf(value: number, unit: string): number {
  const size = Math.abs(value);
  if (unit.startsWith('¤')) return 4;
  if (unit === 'Hz') return 2;
  if (unit === '%' || unit === '°C' || unit === 'V') return 1;
  if (size >= 100) return size >= 1000 ? 0 : 1;
  return size >= 10 ? 2 : 3;
}
