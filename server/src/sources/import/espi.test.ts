import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runImport } from '../../../test/import/run-import.ts';
import { detectMapping } from './detect/detect.ts';
import { MAX_XML_DEPTH, MAX_XML_TEXT_CHARACTERS } from './espi-records.ts';
import { diskFile } from './input-file.ts';
import { parseMapping } from './mapping.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-espi-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BASE = 'https://utility.example/espi/1_1/resource/RetailCustomer/9b6c/UsagePoint/5446F';
const START = Date.UTC(2026, 2, 28, 8) / 1000;

interface Reading {
  readonly start: number;
  readonly duration: number;
  readonly value: number | string;
}

function readingType(id: string, fields: Readonly<Record<string, string | number>>): string {
  const leaves = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<entry><link rel="self" href="${BASE}/ReadingType/${id}"/><content type="xml"><ReadingType xmlns="http://naesb.org/espi">${leaves.join('')}</ReadingType></content></entry>`;
}

function meterReading(id: string, type: string): string {
  return `<entry><link rel="self" href="${BASE}/MeterReading/${id}"/><link rel="related" href="${BASE}/ReadingType/${type}"/><content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>`;
}

function block(meter: string, readings: readonly Reading[]): string {
  const inner = readings.map(
    ({ start, duration, value }) =>
      `<IntervalReading>\n<cost>150</cost><timePeriod><duration>${duration}</duration><start>${start}</start></timePeriod><value>${value}</value></IntervalReading>`,
  );
  return `<entry><link rel="up" href="${BASE}/MeterReading/${meter}/IntervalBlock"/><content><IntervalBlock xmlns="http://naesb.org/espi"><interval><duration>86400</duration><start>${START}</start></interval>${inner.join('')}</IntervalBlock></content></entry>`;
}

function feed(...entries: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id>urn:uuid:1</id><title>Green Button Usage Feed</title>${entries.join('\n')}</feed>`;
}

const hours = (values: readonly (number | string)[], duration = 3600) =>
  values.map((value, i) => ({ start: START + i * duration, duration, value }));
const WH = { commodity: 1, powerOfTenMultiplier: 0, uom: 72, accumulationBehaviour: 4, intervalLength: 3600 };

let files = 0;
async function imported(text: string | Buffer) {
  const path = join(folder, `House ${files++}.xml`);
  writeFileSync(path, text);
  const detected = await detectMapping(await diskFile(path), { timezone: 'America/Los_Angeles' });
  const run = await runImport(path, parseMapping(stringify(detected.mapping), 'm'));
  return { ...run, detected, device: `House ${files - 1}` };
}

describe('Green Button data', () => {
  test('in watt hours, import and export, are detected and read, each by its reading type', async () => {
    const { report, values, detected, device } = await imported(
      feed(
        meterReading('1', 'in'),
        readingType('in', { ...WH, flowDirection: 1 }),
        meterReading('2', 'out'),
        readingType('out', { ...WH, flowDirection: 19, powerOfTenMultiplier: 3 }),
        block('1', hours([974, 1250])),
        block('2', hours(['2', '0'])),
      ),
    );
    expect(detected).toMatchObject({
      format: 'green_button',
      mapping: { kind: 'meter', site: { currency: 'USD', country: 'US' } },
    });
    expect(report).toMatchObject({ rows: 4, rejected: 0, ignored: 0, counted_by: 'record' });
    expect(values(device, 'grid.imported_interval_kwh')).toEqual([
      { at: '2026-03-28T08:00:00.000Z', value: 0.974 },
      { at: '2026-03-28T09:00:00.000Z', value: 1.25 },
    ]);
    expect(values(device, 'grid.exported_interval_kwh').map(({ value }) => value)).toEqual([2, 0]);
    expect(detected.mapping.long).toMatchObject({ metrics: { 'electricity import 1h': { per: '1h' } } });
  });

  test('are counted once if the file has the same energy per hour and per day, also on a day of 23 hours', async () => {
    const entries = [
      meterReading('1', 'a'),
      readingType('a', { ...WH, flowDirection: 1 }),
      meterReading('2', 'b'),
      readingType('b', { ...WH, flowDirection: 1 }),
    ];
    const days = [
      { start: START, duration: 86_400, value: 24_000 },
      { start: START + 86_400, duration: 82_800, value: 23_000 },
    ];
    const both = await imported(
      feed(...entries, block('1', hours(Array.from({ length: 47 }, () => 1000))), block('2', days)),
    );
    expect(both.values(both.device, 'grid.imported_interval_kwh')).toHaveLength(47);
    expect(both.report.ignored).toBe(2);
    expect(both.detected.notes.join()).toContain('electricity import 1d repeats the same energy');
    const daily = await imported(feed(...entries, block('2', days)));
    expect(daily.detected.mapping.long).toMatchObject({ metrics: { 'electricity import 1d': { per: '1d' } } });
    expect(daily.values(daily.device, 'grid.imported_interval_kwh').map(({ value }) => value)).toEqual([24, 23]);
  });

  test('are read with prefixes, without links, in gzip, and together with gas', async () => {
    const prefixed = `<ns1:feed xmlns:ns1="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi"><ns1:entry><ns1:content><espi:ReadingType><espi:uom>72</espi:uom><espi:flowDirection>1</espi:flowDirection></espi:ReadingType></ns1:content></ns1:entry><ns1:entry><ns1:content><espi:IntervalBlock><espi:IntervalReading><espi:timePeriod><espi:duration>900</espi:duration><espi:start>${START}</espi:start></espi:timePeriod><espi:value>250</espi:value></espi:IntervalReading></espi:IntervalBlock></ns1:content></ns1:entry></ns1:feed>`;
    const { values, report, device } = await imported(gzipSync(prefixed));
    expect(report).toMatchObject({ rows: 1, rejected: 0 });
    expect(values(device, 'grid.imported_interval_kwh').map(({ value }) => value)).toEqual([0.25]);
    const gas = await imported(
      feed(
        meterReading('1', 'gas'),
        readingType('gas', { commodity: 7, uom: 169, powerOfTenMultiplier: -3, flowDirection: 1 }),
        block('1', hours([1500], 86_400)),
      ),
    );
    expect(gas.values(gas.device, 'imported.gas_import_1d').map(({ value }) => value)).toEqual([1.5]);
  });

  test('may be registers and powers, which are not energy per interval', async () => {
    const registers = feed(
      meterReading('1', 'r'),
      readingType('r', { ...WH, flowDirection: 1, accumulationBehaviour: 1 }),
      block('1', hours([5_000_000, 5_001_000])),
    );
    const register = await imported(registers);
    expect(register.values(register.device, 'grid.energy_imported_kwh').map(({ value }) => value)).toEqual([
      5000, 5001,
    ]);
    const power = await imported(
      feed(
        meterReading('1', 'p'),
        readingType('p', { ...WH, uom: 38, flowDirection: 1 }),
        block('1', hours([1500], 900)),
      ),
    );
    expect(power.values(power.device, 'grid.power_kw').map(({ value }) => value)).toEqual([1.5]);
  });

  test('with one unreadable reading are read except for that reading', async () => {
    const { report } = await imported(
      feed(
        meterReading('1', 'in'),
        readingType('in', { ...WH, flowDirection: 1 }),
        block('1', hours([1000, 'many', 1000])),
      ),
    );
    expect(report).toMatchObject({ rows: 3, accepted: 2, rejected_by: { not_a_number: { count: 1, positions: [2] } } });
  });
});

describe('hostile XML', () => {
  const valid = feed(
    meterReading('1', 'in'),
    readingType('in', { ...WH, flowDirection: 1 }),
    block('1', hours([1, 2, 3])),
  );

  test('is not expanded: a document type is rejected', async () => {
    const laughs = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
    const doctype = `<!DOCTYPE feed [<!ENTITY l0 "lol">${laughs}<!ENTITY file SYSTEM "file:///etc/passwd">]>`;
    const hostile = valid.replace('<feed', `${doctype}<feed`).replace('<value>1<', '<value>&l10;&file;<');
    await expect(imported(hostile)).rejects.toThrow('the file declares a document type');
    await expect(imported(valid.replace('<value>1<', '<value>&file;<'))).rejects.toThrow(
      'is not valid XML after reading 0',
    );
  });

  test('has limits on depth and on the length of a text', async () => {
    const deep = '<a>'.repeat(MAX_XML_DEPTH + 1);
    await expect(imported(valid.replace('<title>', `${deep}<title>`))).rejects.toThrow(
      `deeper than ${MAX_XML_DEPTH} levels`,
    );
    const long = 'x'.repeat(3 * MAX_XML_TEXT_CHARACTERS);
    for (const text of [`<cost>${long}`, `<cost a="${long}">`, `<!--${long}`, `<![CDATA[${long}`])
      await expect(imported(valid.replace('<cost>', text))).rejects.toThrow('characters between two tags');
  });

  test('that is truncated or changed gives readings or an error with the reason', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(valid.length - 1),
        fc.constantFrom('', '<', '>', '&', '"', '\u0000', 'é', '</feed>'),
        async (at, put) => {
          const path = join(folder, 'changed.xml');
          writeFileSync(path, `${valid.slice(0, at)}${put}${put === '' ? '' : valid.slice(at + 1)}`);
          const mapping = parseMapping(
            'device: d\nformat: green_button\ntimestamp: { column: time, format: epoch_s }\nlong: { metric_column: flow, value_column: value, unit_column: unit, others: ignore, metrics: { electricity import 1h: { metric: grid.imported_interval_kwh } } }',
            'm',
          );
          const outcome = await runImport(path, mapping).then(
            ({ report }) => report.rows,
            (error: Error) => error.name,
          );
          expect([0, 1, 2, 3, 'InvalidInput']).toContain(outcome);
        },
      ),
      { numRuns: 150 },
    );
  });
});
