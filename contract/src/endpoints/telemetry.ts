import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { IngestAnswer, Reading } from '../reading.ts';
import {
  EnergyDataAnswer,
  EnergyDataQuery,
  LatestAnswer,
  LatestQuery,
  MAX_WIDE_METRICS,
  TelemetryAnswer,
  TelemetryQuery,
} from '../telemetry.ts';

/** JSON of a schema, or a file. */
function contentOf<T extends z.ZodType>(schema: T) {
  const file = { schema: z.string().meta({ description: 'A file', examples: ['timestamp,device_id,…'] }) };
  return {
    'application/json': { schema },
    'text/csv': file,
    'application/vnd.apache.parquet': file,
    'application/vnd.apache.arrow.stream': file,
  };
}

export const addReadings = endpoint({
  method: 'POST',
  path: '/readings',
  tag: 'ingest',
  summary: 'Submit one or more readings',
  description:
    'Answers when the readings are on disk. Each bad value is rejected individually with its reason, and the good ones are stored; 422 if all are rejected. Sending the same reading again changes nothing.',
  body: z.union([Reading, z.array(Reading)]),
  answers: { 202: IngestAnswer },
  scope: 'write',
});

export const getEnergyData = endpoint({
  method: 'GET',
  path: '/energy-data',
  tag: 'telemetry',
  summary: 'Wide records: all values of a device at an instant, by time',
  query: EnergyDataQuery,
  description: `JSON in pages; with format= or Accept the whole window as CSV, Parquet or Arrow, streamed, with a column for each metric, at most ${MAX_WIDE_METRICS}.`,
  answers: { 200: { description: 'Records', content: contentOf(EnergyDataAnswer) } },
  scope: 'read',
  partial: true,
});

export const getTelemetry = endpoint({
  method: 'GET',
  path: '/telemetry',
  tag: 'telemetry',
  summary: 'History, raw or in buckets',
  description:
    'JSON; with format= or Accept CSV, Parquet or Arrow, streamed, for any number of series: raw samples, or buckets if bucket or aggregate is given.',
  query: TelemetryQuery,
  answers: { 200: { description: 'History', content: contentOf(TelemetryAnswer) } },
  scope: 'read',
  partial: true,
});

export const getLatest = endpoint({
  method: 'GET',
  path: '/telemetry/latest',
  tag: 'telemetry',
  summary: 'The newest value of every series',
  query: LatestQuery,
  answers: { 200: LatestAnswer },
  scope: 'read',
  partial: true,
});
