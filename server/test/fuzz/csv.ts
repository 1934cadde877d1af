/**
 * Mutated real rows between valid ones: reading a table terminates, throws nothing, counts every line, and accepts the valid rows unchanged.
 * Run: `node server/test/fuzz/csv.ts [COUNT] [SEED]`; the tests run a short one.
 */
import { Readable } from 'node:stream';
import { csvRecords } from '../../src/sources/import/csv-records.ts';
import { MAX_ROW_LINES } from '../../src/sources/import/csv-rows.ts';
import type { FileRecord } from '../../src/sources/import/file-record.ts';
import { Mapping } from '../../src/sources/import/mapping.ts';
import type { FuzzResult } from './line-protocol.ts';
import { type Chance, chanceOf, mutate, pick } from './mutations.ts';

const MAPPING = Mapping.parse({
  device: 'House',
  timestamp: { column: 'time' },
  columns: { a: { metric: 'load.power_kw' }, b: { metric: 'solar.power_kw' } },
});
const WANTED = ['time', 'a', 'b'];
const HEADER = 'time,a,b';
/** From smart meters, inverters, Home Assistant and spreadsheets. */
const CORPUS = [
  '2026-01-01T00:00:00Z,500,1.25',
  '"2026-01-01 00:00:00","0.125",""',
  '01.01.2026 00:15;0,125;3,5',
  'sensor.energy_total,812.4,2026-01-01T00:00:00.000Z,"kWh ""total"""',
  '"Garage, left","line one\nline two",7',
  '2026-01-01T00:30:00Z,,Unknown\r\n',
].map((text) => Buffer.from(text));
const SPICE = [
  ...[
    ',',
    ';',
    '"',
    '""',
    '"""',
    ',"',
    '",',
    '\n',
    '\r\n',
    '\r',
    '\t',
    ' ',
    '\\',
    '\0',
    '\u00e9',
    '\u{1f50b}',
    '\ufeff',
  ],
  ...['1e999', 'NaN', '-', '5" pipe', "'", '=1+1', '\n\n', '"\n"', '#'],
];
const BAD_ROWS_AT_ONCE = 100;

/** Throws an error with the first table that violates a guarantee. */
export async function fuzzCsv(count: number, seed: number): Promise<FuzzResult> {
  const chance = chanceOf(seed);
  let accepted = 0;
  let rejected = 0;
  for (let done = 0; done < count; done += BAD_ROWS_AT_ONCE) {
    const bad = Array.from({ length: Math.min(BAD_ROWS_AT_ONCE, count - done) }, () =>
      mutate(pick(CORPUS, chance), CORPUS, SPICE, chance),
    );
    const counts = await checkTable(bad, chance).catch((error: unknown) => {
      throw new Error(`seed ${seed}, rows from ${done}, ${JSON.stringify(bad.map(String))}`, { cause: error });
    });
    accepted += counts.accepted;
    rejected += counts.rejected;
  }
  return { documents: count, accepted, rejected };
}

/** Each bad row is followed by enough valid rows that an open quote cannot extend to the next bad one. */
async function checkTable(bad: readonly Buffer[], chance: Chance): Promise<{ accepted: number; rejected: number }> {
  const lines: string[] = [HEADER];
  const good = new Map<number, readonly string[]>();
  const beside: { readonly text: string; readonly from: number; readonly to: number }[] = [];
  for (const row of bad) {
    const text = row.toString('utf8');
    const from = lines.length + 1;
    lines.push(...text.split('\n'));
    beside.push({ text, from, to: lines.length });
    for (let i = 0; i < MAX_ROW_LINES; i++) {
      const cells = [`t${lines.length}`, String(chance(1e6) / 8), String(chance(100))];
      lines.push(cells.join(','));
      good.set(lines.length, cells);
    }
  }
  const records = new Map<number, FileRecord>();
  const outside = (position: number) => records.set(position, { position, broken: 'in another table' });
  const chunks = chunksOf(Buffer.from(lines.join('\n')), chance);
  for await (const record of csvRecords(chunks, MAPPING, WANTED, HEADER, outside)) records.set(record.position, record);
  for (const [position, cells] of good) {
    const record = records.get(position);
    if (record === undefined || !('cells' in record) || record.cells.join() !== cells.join())
      throw new Error(`line ${position} should be ${cells.join()}; got ${JSON.stringify(record)}`);
  }
  for (const { text, from, to } of beside) checkCount(text, from, to, records);
  // A row with stray quotes is read; what is wrong in it is known by its cells.
  const rejected = [...records.values()].filter(
    (record) => 'broken' in record || record.cells.includes(undefined),
  ).length;
  return { accepted: records.size - rejected, rejected };
}

function checkCount(text: string, from: number, to: number, records: ReadonlyMap<number, FileRecord>): void {
  const reported = [...records.keys()].filter((position) => position >= from && position <= to).length;
  // A row of empty cells is an empty line.
  const lines = text.split('\n').filter((line) => /[^\s,]/.test(line)).length;
  // A quoted cell may hold newlines: then a row is more than one line.
  if (text.includes('"') ? reported > lines || (/[^\s,"]/.test(text) && reported === 0) : reported !== lines)
    throw new Error(`${reported} rows were accepted or rejected of ${lines} in ${JSON.stringify(text)}`);
}

/** In pieces that cut lines and characters. */
function chunksOf(bytes: Buffer, chance: Chance): Readable {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const to = at + 1 + chance(4096);
    chunks.push(bytes.subarray(at, to));
    at = to;
  }
  return Readable.from(chunks);
}

if (import.meta.main) {
  const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);
  const began = performance.now();
  const result = await fuzzCsv(count, seed);
  console.table([{ seed, ...result, seconds: Math.round((performance.now() - began) / 1000) }]);
}
