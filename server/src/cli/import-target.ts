import { formatInstant } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Reading } from '@wattkeeper/contract/reading.ts';
import type { Block } from '../domain/columns/batch.ts';
import { Forbidden, NotFound } from '../domain/errors.ts';
import { MetricCatalogue } from '../domain/metric-catalogue.ts';
import type { ImportTarget } from '../features/importing/import-target.ts';
import type { SinkReceipt } from '../sources/import/import-file.ts';
import type { Invocation } from './invocation.ts';
import type { ServiceApi } from './service-api.ts';
import { onFolder } from './work.ts';

/** Limits of one request. By default the service accepts 32 MB and 50,000 readings. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const MAX_REQUEST_READINGS = 20_000;
const MAX_TRIES = 8;
/** Time limit for writing imported readings to the stores. */
const DRAIN_MS = 10 * MINUTE_MS;

/** Imports into the running service, or into the data folder if none runs. */
export async function withImportTarget<T>(
  invocation: Invocation,
  use: (target: ImportTarget) => Promise<T>,
): Promise<T> {
  const service = await invocation.service({
    maxTries: MAX_TRIES,
    suggestedToken: '--name import --scope read,write',
  });
  if (service) return use(await serviceTarget(service));
  const { Places } = await import('../features/importing/places.ts');
  const { importProgress, noteImportProgress } = await import('../features/importing/progress/routes.ts');
  return onFolder(
    invocation,
    ({ records, intake, catalogue }) => {
      const places = new Places(records);
      return use({
        name: invocation.config.data_dir,
        unitOf: (metric) => catalogue.describe(metric).unit,
        progress: (key) => importProgress(records.namedStates, key),
        note: (key, progress) => noteImportProgress(records.namedStates, key, progress),
        place: (request) => places.place(request),
        take: (blocks) => intake.accept(blocks),
      });
    },
    { drainMs: DRAIN_MS },
  );
}

async function serviceTarget(service: ServiceApi): Promise<ImportTarget> {
  const { getImportProgress, placeImport, putImportProgress } = await import(
    '@wattkeeper/contract/endpoints/imports.ts'
  );
  const catalogue = await catalogueOf(service);
  return {
    name: service.serviceUrl,
    unitOf: (metric) => catalogue.describe(metric).unit,
    progress: async (key) => {
      try {
        return await service.call(getImportProgress, { params: { key } });
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    },
    note: async (key, progress) => {
      await service.call(putImportProgress, { params: { key }, body: progress });
    },
    place: async (request) => {
      if (request.dry_run && !service.hasToken) return null;
      return service.call(placeImport, { body: request });
    },
    take: (blocks) => post(service, blocks),
  };
}

/** The metric catalogue of the service; the built-in one if the token does not have the scope `read`. */
async function catalogueOf(service: ServiceApi): Promise<MetricCatalogue> {
  const catalogue = new MetricCatalogue();
  if (!service.hasToken) return catalogue;
  const { listMetrics } = await import('@wattkeeper/contract/endpoints/metrics.ts');
  try {
    for (const metric of await service.list(listMetrics)) catalogue.register(metric);
  } catch (error) {
    if (!(error instanceof Forbidden)) throw error;
  }
  return catalogue;
}

interface TimedReading {
  readonly timestamp: number;
  readonly reading: Reading;
  /** Size as JSON. */
  readonly bytes: number;
}

async function post(service: ServiceApi, blocks: readonly Block[]): Promise<SinkReceipt> {
  const { addReadings } = await import('@wattkeeper/contract/endpoints/telemetry.ts');
  const sum = { accepted: 0, rejected: 0, quarantined: 0 };
  const refusals: { metric: string | null; timestamp: number; code: string; detail: string }[] = [];
  for (const readings of inRequests(readingsOf(blocks))) {
    const answer = await service.call(addReadings, { body: readings.map(({ reading }) => reading) });
    sum.accepted += answer.accepted;
    sum.rejected += answer.rejected;
    sum.quarantined += answer.quarantined;
    for (const { index, metric, code, detail } of answer.errors)
      refusals.push({ metric, code, detail, timestamp: readings[index]!.timestamp });
  }
  return {
    ...sum,
    refusals: refusals.filter(({ code }) => code !== 'quarantined'),
    implausible: refusals
      .filter(({ code }) => code === 'quarantined')
      .map(({ detail, ...rest }) => ({ ...rest, reason: detail })),
  };
}

/** Combines values into one reading per device and instant. */
function readingsOf(blocks: readonly Block[]): TimedReading[] {
  const readings = new Map<string, { device_id: string; timestamp: number; values: Map<string, number> }>();
  for (const { group, quantities, devices, device, timestamps, columns } of blocks) {
    const metrics = quantities.map((quantity) => `${group}.${quantity}`);
    for (let row = 0; row < timestamps.length; row++) {
      const name = devices[device[row]!]!;
      const timestamp = timestamps[row]!;
      for (const [c, column] of columns.entries()) {
        const value = column[row]!;
        if (value !== value) continue;
        const key = `${timestamp} ${name}`;
        const reading = readings.get(key) ?? { device_id: name, timestamp, values: new Map() };
        readings.set(key, reading);
        reading.values.set(metrics[c]!, value);
      }
    }
  }
  return Array.from(readings.values(), ({ device_id, timestamp, values }) => {
    const reading = { device_id, timestamp: formatInstant(timestamp), values: Object.fromEntries(values) };
    return { timestamp, reading, bytes: Buffer.byteLength(JSON.stringify(reading)) };
  });
}

function* inRequests(readings: readonly TimedReading[]): Generator<readonly TimedReading[]> {
  let start = 0;
  let bytes = 0;
  for (const [i, one] of readings.entries()) {
    const length = one.bytes + 1;
    if (i > start && (bytes + length > MAX_REQUEST_BYTES || i - start === MAX_REQUEST_READINGS)) {
      yield readings.slice(start, i);
      start = i;
      bytes = 0;
    }
    bytes += length;
  }
  if (start < readings.length) yield readings.slice(start);
}
