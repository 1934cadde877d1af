import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CellReader } from './cell-reader.ts';
import { parseMapping } from './mapping.ts';
import { MAX_NUMBER_CHARACTERS, NumberFormat, NumberReader } from './number-format.ts';

const reader = (format: object) => new NumberReader(NumberFormat.parse(format));

test.each<[format: object, numbers: Record<string, number>, rejected: string[]]>([
  [
    {},
    {
      '950.5': 950.5,
      '.5': 0.5,
      '5.': 5,
      '+5': 5,
      '007': 7,
      '1.5e-3': 0.0015,
      '\u22122.5': -2.5,
      '- 2': -2,
      '1 234 567.8': 1_234_567.8,
      '1\u00a0234': 1234,
      '1\u202f234': 1234,
      "1'234.5": 1234.5,
      '1\u2019234.5': 1234.5,
    },
    [
      '0x10',
      '0b1',
      '1,234',
      '1,5',
      '1,234.5',
      '12 34',
      '1 2345',
      '0 123',
      '5-',
      '(5)',
      '5 kWh',
      '$5',
      'Infinity',
      'NaN',
      '1e',
      '.',
      '-',
      '',
      '1e999',
      '1_000',
      '--5',
      '1.2.3',
      '١٢',
    ],
  ],
  [
    { decimal: ',' },
    {
      '950,5': 950.5,
      '1.234': 1234,
      '12.000': 12_000,
      '1.234.567,89': 1_234_567.89,
      '1 234,5': 1234.5,
      '-1.234,5': -1234.5,
    },
    ['1.23', '1.2345', '950.5', '0.123', '00.123', '1234.567', '1.234.5', '1.234 567', '1,234.5', '1,2,3', '1.234,5.6'],
  ],
  [
    { thousands: ',' },
    { '1,234': 1234, '12,34,567.5': 1_234_567.5, '1,234,567.5': 1_234_567.5 },
    ['1,23', '1 234', '1,2345'],
  ],
  [{ decimal: ',', thousands: [] }, { '1,5': 1.5, '1234': 1234 }, ['1.234', '1 234']],
  [
    { negative: ['trailing', 'parentheses'] },
    { '5.5-': -5.5, '5 \u2212': -5, '(1 234.5)': -1234.5 },
    ['-5-', '(5', '5)', '(-5)', '(5-)'],
  ],
  [
    { decimal: ',', strip: ['kWh', 'k', '€', 'EUR', 'Kč'], negative: ['trailing', 'parentheses'] },
    { '0,34 kWh': 0.34, '€1.234,50': 1234.5, '-€5': -5, '€ -5': -5, '(5 EUR)': -5, '5,00- €': -5, '5 Kč': 5, '5': 5 },
    ['5 MWh', '€', 'kWh kWh', '5 kWh kWh', 'EUR kWh'],
  ],
])('numbers in the format %j are read, and all other texts are rejected', (format, numbers, rejected) => {
  const { read } = { read: (text: string) => reader(format).read(text) };
  for (const [text, value] of Object.entries(numbers)) expect([text, read(text)]).toEqual([text, value]);
  for (const text of rejected) expect([text, read(text)]).toEqual([text, undefined]);
});

test('a number written in a format is read as the same number in that format', () => {
  const formats = fc.constantFrom(
    ...[',', '.'].flatMap((decimal) => ['.', ',', ' ', "'"].filter((by) => by !== decimal).map((by) => [decimal, by])),
  );
  fc.assert(
    fc.property(formats, fc.integer({ min: -1e12, max: 1e12 }), ([decimal, thousands], thousandths) => {
      const [whole, fraction] = (Math.abs(thousandths) / 1000).toFixed(3).split('.') as [string, string];
      const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thousands!);
      const text = `${thousandths < 0 ? '-' : ''}${grouped}${decimal}${fraction}`;
      expect(reader({ decimal, thousands }).read(text)).toBe(thousandths / 1000);
    }),
  );
});

test('the time to read or reject a text is linear in its length', () => {
  expect(reader({}).read('1'.repeat(MAX_NUMBER_CHARACTERS))).toBeGreaterThan(1e98);
  expect(reader({}).read('1'.repeat(MAX_NUMBER_CHARACTERS + 1))).toBeUndefined();
});

test('decimal is a shorthand for the number format, and contradictions are rejected', () => {
  const mapping = (rest: string) =>
    parseMapping(`device: A\ntimestamp: { column: t }\ncolumns: { p: { metric: load.power_kw } }\n${rest}`, 'm');
  expect(mapping('decimal: ","').number_format.decimal).toBe(',');
  expect(() => mapping('number_format: { decimal: ",", thousands: [","] }')).toThrow('thousands must differ');
  expect(() => mapping('decimal: ","\nnumber_format: { strip: [kWh] }')).toThrow('decimal');
});

test('the rejection of an ambiguous number names the format', () => {
  const number_format = NumberFormat.parse({});
  const column = { metric: 'load.power_kw', scale: 1, missing: [], numbers: {} };
  const cells = new CellReader(column, 'kW', { missing: [], number_format });
  expect(cells.read('1,234')).toBeUndefined();
  expect(cells.complaint('1,234')).toBe(
    'must be a number; got "1,234", where number_format has the decimal "." and " " or "\'" between thousands',
  );
});
