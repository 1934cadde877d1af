import { readFileSync } from 'node:fs';
import type { Block } from '../../src/domain/columns/batch.ts';
import { valueCount } from '../../src/domain/columns/batch.ts';
import { MetricCatalogue } from '../../src/domain/metric-catalogue.ts';
import { importFile } from '../../src/sources/import/import-file.ts';
import type { ImportReport } from '../../src/sources/import/import-report.ts';
import { diskFile } from '../../src/sources/import/input-file.ts';
import { type Mapping, parseMapping } from '../../src/sources/import/mapping.ts';

const catalogue = new MetricCatalogue();

/** Result of an import: its report, and every value in order. */
export interface ImportRun {
  readonly report: ImportReport;
  readonly blocks: readonly Block[];
  /** Instants and values of one device's metric. */
  values(device: string, metric: string): { readonly at: string; readonly value: number }[];
}

/** Imports a file into a list. */
export async function runImport(path: string, mapping: Mapping, skipRows = 0): Promise<ImportRun> {
  const blocks: Block[] = [];
  const report = await importFile({
    file: await diskFile(path),
    mapping,
    unitOf: (metric) => catalogue.describe(metric).unit,
    sink: async (given) => {
      blocks.push(...given);
      const accepted = given.reduce((sum, block) => sum + valueCount(block), 0);
      return { accepted, rejected: 0, quarantined: 0, refusals: [], implausible: [] };
    },
    skipRows,
    onProgress: async () => {},
  });
  return { report, blocks, values: (device, metric) => valuesOf(blocks, device, metric) };
}

/** One of the documented mappings. */
export function exampleMapping(name: string): Mapping {
  const path = `docs/examples/mappings/${name}.yaml`;
  return parseMapping(readFileSync(path, 'utf8'), path);
}

function valuesOf(blocks: readonly Block[], name: string, metric: string) {
  const values: { at: string; value: number }[] = [];
  for (const { group, quantities, devices, device, timestamps, columns } of blocks) {
    const column = columns[quantities.findIndex((quantity) => `${group}.${quantity}` === metric)] ?? [];
    for (const [row, value] of column.entries()) {
      if (Number.isNaN(value) || devices[device[row]!] !== name) continue;
      values.push({ at: new Date(timestamps[row]!).toISOString(), value });
    }
  }
  return values;
}
