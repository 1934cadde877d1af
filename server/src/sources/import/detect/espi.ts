import { InvalidInput } from '../../../domain/errors.ts';
import { ESPI_COLUMNS, espiRecords } from '../espi-records.ts';
import type { InputFile } from '../input-file.ts';
import { openBytes } from '../record-source.ts';
import { otherMetric, perInterval } from './column-meaning.ts';
import type { Detected } from './detected.ts';

/** Number of readings that are examined. */
const MAX_READINGS = 20_000;
const MAX_SAMPLE_ROWS = 10;
/** Units of interval lengths, shortest first. */
const WIDTH_ORDER = ['s', 'm', 'h', 'd', 'w', 'mo', 'y'];

/** Detects the mapping of a Green Button file: the shortest intervals of each flow; longer intervals repeat the same energy. */
export async function espiMapping(
  file: InputFile,
  device: string,
): Promise<Omit<Detected, 'format'> & { format: 'green_button' }> {
  const { flows, points, rows } = await readFlows(file);
  if (flows.size === 0) throw new InvalidInput(`${file.name} is a Green Button file without readings`);
  const finest = [...flows].filter(([flow]) => ![...flows.keys()].some((other) => isFiner(other, flow)));
  const metrics = Object.fromEntries(finest.map(([flow, unit]) => [flow, meaningOf(flow, unit)]));
  const leftOut = [...flows.keys()].filter((flow) => !Object.hasOwn(metrics, flow));
  return {
    format: 'green_button',
    mapping: {
      format: 'green_button',
      ...(points.size > 1 ? { device_column: 'usage_point' } : {}),
      device,
      timestamp: { column: 'time', format: 'epoch_s' },
      long: { metric_column: 'flow', value_column: 'value', unit_column: 'unit', metrics, others: 'ignore' },
    },
    notes: [
      'import is energy delivered by the utility, export is energy received by it.',
      ...(leftOut.length === 0
        ? []
        : [`${leftOut.join(', ')} repeats the same energy in longer intervals and is omitted.`]),
    ],
    sample: { columns: [...ESPI_COLUMNS], rows },
  };
}

async function readFlows(file: InputFile) {
  const flows = new Map<string, string>();
  const points = new Set<string>();
  const rows: string[][] = [];
  const { stream, close } = await openBytes(file);
  try {
    for await (const record of espiRecords(stream, undefined, ESPI_COLUMNS)) {
      if (record.position > MAX_READINGS) break;
      if ('broken' in record) continue;
      const [, point, flow, unit] = record.cells.map(String);
      flows.set(flow!, unit!);
      points.add(point!);
      if (rows.length < MAX_SAMPLE_ROWS) rows.push(record.cells.map(String));
    }
  } finally {
    close();
  }
  return { flows, points, rows };
}

/** Whether a flow is the same quantity as another one, in shorter intervals or as a register. */
function isFiner(one: string, than: string): boolean {
  const [nameOne, a] = partsOf(one);
  const [nameThan, b] = partsOf(than);
  return nameOne === nameThan && a !== null && b !== null && a < b;
}

function partsOf(flow: string): [name: string, order: number | null] {
  const [, name = flow, count, unit = ''] = /^(.*) (\d+)(s|m|h|d|w|mo|y)$/.exec(flow) ?? [];
  return [name, count === undefined ? null : WIDTH_ORDER.indexOf(unit) * 1e6 + Number(count)];
}

function meaningOf(flow: string, unit: string) {
  const [, way = '', rest = ''] = /^electricity (import|export|net) ?(.*)$/.exec(flow) ?? [];
  if (way === '' || unit === '') return { metric: otherMetric(flow) };
  if (rest === 'register')
    return { metric: way === 'export' ? 'grid.energy_exported_kwh' : 'grid.energy_imported_kwh' };
  if (rest === 'power') return { metric: 'grid.power_kw', ...(way === 'export' && { scale: -1 }) };
  const per = rest === '' ? {} : { per: rest };
  return { metric: perInterval(way === 'export' ? 'export' : 'grid', way === 'net'), ...per };
}
