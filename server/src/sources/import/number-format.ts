import { z } from 'zod';

const THOUSANDS = ['.', ',', ' ', "'"] as const;
/** Maximum length of a number; longer texts are rejected. */
export const MAX_NUMBER_CHARACTERS = 100;
/** Maximum number of texts stripped from numbers. */
export const MAX_STRIPPED_TEXTS = 50;
/** Spaces and apostrophes that group digits, by the character that represents them in a mapping. */
const VARIANTS = new Map([
  [' ', '\u0020\u00a0\u2009\u202f'],
  ["'", "'\u2019"],
]);
// The hyphen is last, so that it does not form a range.
const MINUS = '\u2212\u2013\ufe63\uff0d-';
const PLAIN = /^[+-]?\d{1,15}$/;

/** The number format of a file. */
export const NumberFormat = z
  .strictObject({
    decimal: z.enum(['.', ',']).default('.').describe('Decimal separator'),
    thousands: z
      .union([z.enum(THOUSANDS), z.array(z.enum(THOUSANDS)).max(THOUSANDS.length)])
      .optional()
      .describe('Separators of groups of three digits; default: space and apostrophe, and the point if decimal is ","'),
    negative: z
      .array(z.enum(['trailing', 'parentheses']))
      .max(2)
      .default([])
      .describe('Additional notations of negative numbers: 5-, (5)'),
    strip: z
      .array(z.string().trim().min(1).max(20))
      .max(MAX_STRIPPED_TEXTS)
      .default([])
      .describe('Units and currency symbols that are ignored before or after a number'),
  })
  .refine(({ decimal, thousands }) => ![thousands ?? []].flat().includes(decimal), {
    error: 'thousands must differ from decimal',
    path: ['thousands'],
  });
export type NumberFormat = z.infer<typeof NumberFormat>;

/** Reads numbers in one format; all other texts are rejected, never guessed. */
export class NumberReader {
  readonly #format: NumberFormat;
  readonly #thousands: readonly string[];
  readonly #pattern: RegExp;
  readonly #strip: readonly string[];

  constructor(format: NumberFormat) {
    const { decimal, thousands = decimal === ',' ? ['.', ' ', "'"] : [' ', "'"], strip } = format;
    this.#format = format;
    this.#thousands = [thousands].flat();
    this.#pattern = patternOf(decimal, this.#thousands);
    this.#strip = strip.toSorted((a, b) => b.length - a.length);
  }

  /** The number; undefined for a text that does not match the format. */
  read(text: string): number | undefined {
    if (PLAIN.test(text)) return Number(text);
    if (text.length > MAX_NUMBER_CHARACTERS) return undefined;
    const parts = this.#pattern.exec(this.#stripped(text))?.groups;
    if (parts === undefined) return undefined;
    const { open, sign = '', whole = '', fraction = '', exponent = '', trailing, close } = parts;
    const { negative } = this.#format;
    const inParentheses = open !== undefined || close !== undefined;
    if (inParentheses && !(open && close && negative.includes('parentheses'))) return undefined;
    if (trailing !== undefined && !negative.includes('trailing')) return undefined;
    if ([sign !== '', inParentheses, trailing !== undefined].filter(Boolean).length > 1) return undefined;
    const value = Number(`${whole.replace(/\D/g, '')}.${fraction}0${exponent.replace(/[^\deE+-]/g, '-')}`);
    if (!Number.isFinite(value)) return undefined;
    const isNegative = inParentheses || trailing !== undefined || (sign !== '' && sign !== '+');
    return isNegative ? -value : value;
  }

  /** Removes the declared texts at both ends, also within a sign or parentheses: `-€5`, `(5 kWh)`. */
  #stripped(text: string): string {
    const [, open = '', given = '', close = ''] = this.#strip.length === 0 ? [] : (ENDS.exec(text) ?? []);
    if (given === '') return text;
    const before = this.#strip.find((affix) => given.startsWith(affix));
    const rest = before === undefined ? given : given.slice(before.length).trimStart();
    const after = this.#strip.find((affix) => rest.endsWith(affix));
    return `${open}${after === undefined ? rest : rest.slice(0, -after.length).trimEnd()}${close}`;
  }

  /** The declared separators, for the error of a text with other separators; empty for texts without a separator. */
  hint(text: string): string {
    if (!/\d[.,\s'\u2019]\d/.test(text.slice(0, MAX_NUMBER_CHARACTERS))) return '';
    const thousands = this.#thousands.map((separator) => `"${separator}"`).join(' or ') || 'no separator';
    return `, where number_format has the decimal "${this.#format.decimal}" and ${thousands} between thousands`;
  }
}

const ENDS = new RegExp(`^(\\(?[+${MINUS}]?)(.*?)(\\s?[${MINUS}]?\\)?)$`, 's');

/**
 * Groups have three digits and one separator (or two digits before the last three, as in India), and start with 1 to 9: with the decimal
 * separator ",", 0.123 is more likely a number in another format than 123.
 */
function patternOf(decimal: string, thousands: readonly string[]): RegExp {
  const separators = thousands.map((separator) => VARIANTS.get(separator) ?? separator).join('');
  const grouped =
    separators === ''
      ? ''
      : `[1-9]\\d{0,2}(?<by>[${separators}])\\d{3}(?:\\k<by>\\d{3})*|[1-9]\\d?(?<pairs>[${separators}])\\d{2}(?:\\k<pairs>\\d{2})*\\k<pairs>\\d{3}|`;
  const point = decimal === '.' ? '\\.' : ',';
  return new RegExp(
    `^(?<open>\\()?(?<sign>[+${MINUS}]\\s?)?(?=\\d|${point}\\d)(?<whole>${grouped}\\d*)(?:${point}(?<fraction>\\d*))?` +
      `(?<exponent>[eE][+${MINUS}]?\\d{1,3})?(?<trailing>\\s?[${MINUS}])?(?<close>\\))?$`,
  );
}
