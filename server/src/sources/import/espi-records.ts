import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import { SaxesParser } from 'saxes';
import { InvalidInput, messageOf } from '../../domain/errors.ts';
import { widthOfStep } from '../../domain/time/intervals.ts';
import type { FileRecord } from './file-record.ts';
import { decodedText } from './text-decoding.ts';

/** Columns of the readings of a Green Button file. */
export const ESPI_COLUMNS = ['time', 'usage_point', 'flow', 'unit', 'value', 'duration_s', 'quality'];
/** Maximum nesting of elements. */
export const MAX_XML_DEPTH = 50;
/** Maximum number of characters between two tags: a reading has about ten. */
export const MAX_XML_TEXT_CHARACTERS = 100_000;
/** Meter readings and reading types per file. */
export const MAX_READING_TYPES_COUNT = 10_000;
/** Characters of a value or a link that are retained. */
const MAX_VALUE_CHARACTERS = 1000;
const SLICE_CHARACTERS = 16_384;

/** Codes of the standard (NAESB REQ.21 ESPI): quantity, flow direction and unit. */
const ELECTRICITY = new Set(['0', '1', '2', '']);
const COMMODITIES = new Map([
  ['7', 'gas'],
  ['9', 'water'],
  ['10', 'steam'],
]);
const FLOWS = new Map([
  ['1', 'import'],
  ['4', 'net'],
  ['19', 'export'],
  ['', 'import'],
]);
const UNITS = new Map([
  ['72', 'Wh'],
  ['38', 'W'],
]);
/** Accumulation behaviours whose values are register readings. */
const REGISTERS = new Set(['1', '3', '9']);
/** Elements whose text is read. */
const LEAVES = new Set(
  'start duration value quality uom powerOfTenMultiplier flowDirection commodity accumulationBehaviour'.split(' '),
);

type Leaves = Map<string, string>;

/** Whether the start of a text is Green Button data. */
export function isEspi(start: string): boolean {
  return start.startsWith('<') && /naesb\.org\/espi|<(?:[\w.-]+:)?(?:IntervalBlock|IntervalReading)\b/.test(start);
}

/**
 * Yields the readings of a Green Button file (ESPI, NAESB REQ.21): Atom entries with IntervalBlocks, whose ReadingType defines the
 * meaning of their values. The parser is strict, holds one element at a time, and supports only the entities that XML predefines.
 */
export async function* espiRecords(
  bytes: AsyncIterable<Uint8Array | string>,
  encoding: string | undefined,
  columns: readonly string[],
): AsyncGenerator<FileRecord> {
  const reader = new EspiReader(columns);
  for await (const text of decodedText(bytes, encoding)) {
    for (let from = 0; from < text.length; from += SLICE_CHARACTERS)
      yield* reader.write(text.slice(from, from + SLICE_CHARACTERS));
  }
  yield* reader.end();
}

/** The current Atom entry as read so far. */
interface Entry {
  self: string;
  up: string;
  readonly related: string[];
  readonly type: Leaves;
  content: string;
}

class EspiReader {
  readonly #columns: readonly string[];
  readonly #parser = new SaxesParser();
  readonly #path: string[] = [];
  #ready: FileRecord[] = [];
  #position = 0;
  #sinceTag = 0;
  #text = '';
  #entry: Entry = newEntry();
  #reading: Leaves = new Map();
  /** Reading types by their own link, and the links from meter readings to them. */
  readonly #types = new Map<string, Leaves>();
  readonly #typeLinks = new Map<string, readonly string[]>();
  #lastType: Leaves | null = null;

  constructor(columns: readonly string[]) {
    this.#columns = columns;
    this.#parser.on('doctype', () => {
      throw new InvalidInput(
        'the file declares a document type, which Green Button data does not have: nothing was read',
      );
    });
    this.#parser.on('opentag', ({ name, attributes }) =>
      this.#open(localName(name), attributes as Record<string, string>),
    );
    this.#parser.on('closetag', ({ name }) => this.#close(localName(name)));
    this.#parser.on('text', (text) => {
      this.#text = (this.#text + text).slice(0, MAX_VALUE_CHARACTERS);
    });
  }

  write(text: string): FileRecord[] {
    this.#sinceTag += text.length;
    this.#parse(() => this.#parser.write(text));
    if (this.#sinceTag > MAX_XML_TEXT_CHARACTERS)
      throw new InvalidInput(`the file has more than ${MAX_XML_TEXT_CHARACTERS} characters between two tags`);
    return this.#taken();
  }

  end(): FileRecord[] {
    this.#parse(() => this.#parser.close());
    return this.#taken();
  }

  #taken(): FileRecord[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  #parse(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof InvalidInput) throw error;
      throw new InvalidInput(
        `the file is not valid XML after reading ${this.#position}: ${messageOf(error).slice(0, 200)}`,
        {
          cause: error,
        },
      );
    }
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#sinceTag = 0;
    this.#text = '';
    this.#path.push(name);
    if (this.#path.length > MAX_XML_DEPTH)
      throw new InvalidInput(`the elements of the file are nested deeper than ${MAX_XML_DEPTH} levels`);
    if (name === 'entry') this.#entry = newEntry();
    else if (name === 'link') this.#link(attributes);
    else if (name === 'IntervalReading') this.#reading = new Map();
    else if (name === 'ReadingType' || name === 'MeterReading') this.#entry.content = name;
  }

  #link({ rel = '', href = '' }: Readonly<Record<string, string>>): void {
    const link = href.slice(0, MAX_VALUE_CHARACTERS);
    if (rel === 'self') this.#entry.self = link;
    else if (rel === 'up') this.#entry.up = link;
    else if (rel === 'related' && this.#entry.related.length < 20) this.#entry.related.push(link);
  }

  #close(name: string): void {
    this.#sinceTag = 0;
    this.#path.pop();
    if (LEAVES.has(name)) this.#leaf(name, this.#text.trim());
    else if (name === 'IntervalReading') this.#emit();
    else if (name === 'ReadingType') this.#lastType = this.#entry.type;
    else if (name === 'entry') this.#noteEntry();
    this.#text = '';
  }

  #leaf(name: string, text: string): void {
    if (this.#path.includes('IntervalReading')) this.#reading.set(name, text);
    else if (this.#path.includes('ReadingType')) this.#entry.type.set(name, text);
  }

  #noteEntry(): void {
    const { self, related, type, content } = this.#entry;
    if (this.#types.size + this.#typeLinks.size >= MAX_READING_TYPES_COUNT)
      throw new InvalidInput(`the file has more than ${MAX_READING_TYPES_COUNT} reading types and meter readings`);
    if (content === 'ReadingType') this.#types.set(self, type);
    else if (content === 'MeterReading') this.#typeLinks.set(self, related);
  }

  #emit(): void {
    const position = ++this.#position;
    const type = this.#typeOfBlock();
    if (type === null) {
      this.#ready.push({ position, broken: 'has no ReadingType before it, which would define its quantity and unit' });
      return;
    }
    const of = (leaf: string) => this.#reading.get(leaf) ?? '';
    const cells = new Map([
      ['time', of('start')],
      ['usage_point', usagePointOf(this.#entry)],
      ['flow', flowOf(type, Number(of('duration')))],
      ['unit', UNITS.get(type.get('uom') ?? '') ?? ''],
      ['value', scaled(of('value'), type.get('powerOfTenMultiplier') ?? '0')],
      ['duration_s', of('duration')],
      ['quality', of('quality')],
    ]);
    this.#ready.push({ position, cells: this.#columns.map((name) => cells.get(name)) });
  }

  /** Follows the links: block → meter reading → reading type; in a file without links, the last reading type before the block. */
  #typeOfBlock(): Leaves | null {
    const { up } = this.#entry;
    const reading = up.replace(/\/IntervalBlock(\/[^/]*)?$/, '');
    const links = this.#typeLinks.get(reading) ?? this.#typeLinks.get(up) ?? [];
    const found = links.map((link) => this.#types.get(link)).find((type) => type !== undefined);
    return found ?? this.#lastType;
  }
}

function newEntry(): Entry {
  return { self: '', up: '', related: [], type: new Map(), content: '' };
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function usagePointOf({ up, self }: Entry): string {
  return /\/UsagePoint\/([^/]+)/.exec(up || self)?.[1] ?? '';
}

/** The name of a value's quantity, such as `electricity import 1h` or `gas register`. */
function flowOf(type: Leaves, durationS: number): string {
  const code = type.get('commodity') ?? '';
  const commodity = ELECTRICITY.has(code) ? 'electricity' : (COMMODITIES.get(code) ?? `commodity ${code}`);
  const direction = type.get('flowDirection') ?? '';
  const flow = FLOWS.get(direction) ?? `direction ${direction}`;
  const isPower = type.get('uom') === '38';
  if (REGISTERS.has(type.get('accumulationBehaviour') ?? '')) return `${commodity} ${flow} register`;
  if (isPower) return `${commodity} ${flow} power`;
  const width = Number.isFinite(durationS) && durationS > 0 ? ` ${widthOfStep(durationS * SECOND_MS)}` : '';
  return `${commodity} ${flow}${width}`;
}

/** An integer times a power of ten, exactly. */
function scaled(value: string, power: string): string | number {
  const number =
    /^[+-]?\d+(\.\d+)?$/.test(value) && /^-?\d{1,2}$/.test(power) ? Number(`${value}e${power}`) : Number.NaN;
  return Number.isNaN(number) ? value : number;
}
