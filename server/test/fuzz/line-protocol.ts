/**
 * Mutated real lines between valid ones: decoding terminates, throws nothing, counts every line, and accepts the valid ones unchanged.
 * Run: `node server/test/fuzz/line-protocol.ts [COUNT] [SEED]`; the tests run a short one.
 */
import { isMetricName } from '@wattkeeper/contract/metric.ts';
import { Config } from '../../src/config/schema.ts';
import { type DecodedLines, decodeLineProtocol } from '../../src/sources/decode/line-protocol.ts';
import { type Chance, chanceOf, mutate, pick } from './mutations.ts';

const { device_tags: deviceTags, label_tags: labelTags } = Config.parse({}).ingest;
const NOW = 1_700_000_000_000;

/** From Telegraf, Home Assistant, evcc, ESPHome, TSBS and InfluxDB's documentation. */
const CORPUS = [
  'cpu,cpu=cpu0,host=nas usage_user=1.5,usage_idle=97.1 1700000000000000000',
  'disk,device=sda1,fstype=ext4,host=nas,mode=rw,path=/ used_percent=61.25,free=123456i 1700000000000000000',
  'system,host=nas load1=0.41,n_cpus=2i,uptime_format="1 day,  2:03" 1700000000000000000',
  'kWh,domain=sensor,entity_id=energy_total,friendly_name=Energy\\ total value=812.4,icon_str="mdi:flash" 1700000000000000000',
  '°C,domain=sensor,entity_id=wohnküche value=21.4 1700000000000000000\n%,domain=number,entity_id=limit value=80 1700000000000000000',
  'chargePower,loadpoint=Garage,vehicle=blue\\ e-Golf value=3680 1700000000000000000\npvPower value=5210.5',
  'grid,device=esp-meter,phase=L1 voltage_v=231.2,power_kw=-0.4,on=true 1700000000000000000\r\n',
  'cpu,host=host_0,region=eu-central-1,rack=6,os=Ubuntu15.10 usage_user=58i,usage_system=2i 1451606400000000000',
  '# a comment\nweather,location=us-midwest temperature=82,text="too \\"hot\\"" 1465839830100400200\n\n',
  'my\\ measurement,tag\\ key\\=x=tag\\,value field\\ key=1e-7,u=7u,f=F,neg=-0.0 -1',
].map((text) => Buffer.from(text));
const SPICE = [
  ...[
    ',',
    '=',
    ' ',
    '\\',
    '"',
    '\n',
    '\r',
    '\r\n',
    '#',
    '\t',
    '\0',
    'i',
    'u',
    'e',
    '-',
    '+',
    '.',
    'true',
    '\u00e9',
    '\u{1f50b}',
  ],
  ...['NaN', 'Infinity', '1e999', '0x1F', '9223372036854775808i', '18446744073709551615u', '1234567890123456789012345'],
  ...['host=', 'host=x,host=y', '__proto__=1', 'constructor', ',device=', 'v=1', ' v=1 1', '=""', '\\ ', '\\,', '\xff'],
];

export interface FuzzResult {
  readonly documents: number;
  readonly accepted: number;
  readonly rejected: number;
}

/** Throws an error with the document of the first violated guarantee. */
export function fuzzLineProtocol(count: number, seed: number): FuzzResult {
  const chance = chanceOf(seed);
  let accepted = 0;
  let rejected = 0;
  for (let i = 0; i < count; i++) {
    const mutant = mutate(pick(CORPUS, chance), CORPUS, SPICE, chance);
    const good = goodLines(chance);
    try {
      const decoded = checkDocument(mutant, good);
      accepted += decoded.lines;
      rejected += decoded.bad;
    } catch (error) {
      const document = JSON.stringify(mutant.toString('latin1'));
      throw new Error(`seed ${seed}, document ${i}, ${document} (latin1) between ${JSON.stringify(good)}`, {
        cause: error,
      });
    }
  }
  return { documents: count, accepted, rejected };
}

/** Without quotes, so that no quote that opens in a mutant can rightly close in them. */
function goodLines(chance: Chance): [before: string, after: string] {
  const line = () => `good,host=h${chance(3)} a=${chance(1e6) / 8},b=${chance(100)}i ${1 + chance(1e6)}000000`;
  return [line(), line()];
}

function checkDocument(mutant: Buffer, [before, after]: readonly [string, string]): DecodedLines {
  const newline = Buffer.from('\n');
  const decoded = decode(Buffer.concat([Buffer.from(before), newline, mutant, newline, Buffer.from(after)]));
  checkShape(decoded);
  const alone = decode(mutant);
  same(
    'rows',
    sorted([...rowsOf(decode(before)), ...rowsOf(alone), ...rowsOf(decode(after))]),
    sorted(rowsOf(decoded)),
  );
  same('lines taken', alone.lines + 2, decoded.lines);
  same('bad lines', alone.bad, decoded.bad);
  same('texts', alone.strings, decoded.strings);
  const lines = linesOf(mutant);
  const counted = alone.lines + alone.bad;
  // A text may hold a newline: then a line is more than one of the file.
  if (mutant.includes('"') ? counted > lines || (lines > 0 && counted === 0) : counted !== lines)
    throw new Error(`${counted} lines were taken or refused of ${lines}`);
  return decoded;
}

function decode(document: Buffer | string): DecodedLines {
  return decodeLineProtocol(Buffer.from(document), { precision: 'ns', nowMs: NOW, deviceTags, labelTags });
}

/** Lines that are neither empty nor comments. */
function linesOf(document: Buffer): number {
  return document
    .toString('latin1')
    .split('\n')
    .map((line) => line.replace(/^[ \r\t\0]+/, ''))
    .filter((line) => line !== '' && !line.startsWith('#')).length;
}

function checkShape({ blocks, errors, labels }: DecodedLines): void {
  for (const { group, quantities, devices, device, timestamps, columns } of blocks) {
    for (const quantity of quantities) if (!isMetricName(`${group}.${quantity}`)) throw new Error(`metric ${quantity}`);
    for (const name of devices) checkText('device', name, 200);
    if (device.some((index) => devices[index] === undefined)) throw new Error('a row without a device');
    if (!timestamps.every(Number.isInteger)) throw new Error(`a time of ${timestamps}`);
    for (const column of columns) {
      same('length of a column', timestamps.length, column.length);
      if (column.includes(Number.POSITIVE_INFINITY) || column.includes(Number.NEGATIVE_INFINITY))
        throw new Error('an infinite value');
    }
  }
  for (const own of labels.values()) {
    for (const [label, value] of Object.entries(own)) {
      checkText('label', label, 100);
      checkText('label value', value, 500);
    }
  }
  // The line, of which 200 characters are shown, and the reason, which may name a number twice as InfluxDB does.
  for (const { detail } of errors) checkText('error', detail, 600);
}

function checkText(what: string, text: string, longest: number): void {
  if (text === '' || text.length > longest || !text.isWellFormed()) throw new Error(`${what} ${JSON.stringify(text)}`);
}

function rowsOf({ blocks }: DecodedLines): string[] {
  return blocks.flatMap(({ group, quantities, devices, device, timestamps, columns }) =>
    Array.from(timestamps, (timestamp, row) => {
      const values = quantities.map((quantity, c) => [quantity, columns[c]?.[row]] as const);
      const present = values.filter(([, value]) => value === value).sort();
      return JSON.stringify([group, devices[device[row]!], timestamp, present]);
    }),
  );
}

function sorted(rows: readonly string[]): string {
  return rows.toSorted().join('\n');
}

function same(what: string, expected: string | number, found: string | number): void {
  if (expected !== found) throw new Error(`${what}: expected ${expected}, found ${found}`);
}

if (import.meta.main) {
  const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);
  const began = performance.now();
  const result = fuzzLineProtocol(count, seed);
  console.table([{ seed, ...result, seconds: Math.round((performance.now() - began) / 1000) }]);
}
