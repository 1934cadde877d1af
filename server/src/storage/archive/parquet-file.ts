import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetRead, type RowGroup } from 'hyparquet';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { concatRows, sliceRows } from '../../domain/columns/frame.ts';
import { Corrupt, messageOf } from '../../domain/errors.ts';
import type { Window } from '../../domain/time/window.ts';

/** Samples of one device in ascending time; columns as in the file's quantities. */
export interface DeviceRows {
  readonly deviceId: string;
  readonly timestamps: Float64Array;
  readonly columns: readonly Float64Array[];
}

/** Identifies the content of a file. */
export interface Contents {
  readonly rows: number;
  /** SHA-256 over devices, instants and values, in the order of the file. */
  readonly checksum: string;
}

/** Devices and quantities with values in a file; not every device has every quantity. */
export interface Holdings {
  readonly deviceIds: readonly string[];
  readonly quantities: readonly string[];
}

/**
 * Writes a file of the archive: `device` (text), `ts` (ms, UTC) and a column of doubles for each quantity, null for a missing value. Rows
 * that are added together form a row group, so that one device can be read without the others. Equal rows give equal bytes.
 */
export class ArchiveFileWriter {
  readonly #path: string;
  readonly #quantities: readonly string[];
  readonly #writer: ParquetWriter;
  readonly #checksum = createHash('sha256');
  #rows = 0;

  constructor(path: string, quantities: readonly string[]) {
    this.#path = path;
    this.#quantities = quantities;
    this.#writer = new ParquetWriter({
      writer: fileWriter(path),
      codec: 'ZSTD',
      compressors: { ZSTD: (input) => zstdCompressSync(input) },
      createdBy: 'wattkeeper',
      statisticsTruncateLength: Number.POSITIVE_INFINITY,
      schema: [
        { name: 'root', num_children: quantities.length + 2 },
        { name: 'device', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        { name: 'ts', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
        ...quantities.map(
          (quantity) => ({ name: columnOf(quantity), type: 'DOUBLE', repetition_type: 'OPTIONAL' }) as const,
        ),
      ],
    });
  }

  async add(rows: DeviceRows): Promise<void> {
    const { deviceId, timestamps, columns } = rows;
    await this.#writer.write({
      rowGroupSize: timestamps.length,
      columnData: [
        { name: 'device', data: new Array<string>(timestamps.length).fill(deviceId) },
        { name: 'ts', data: Array.from(timestamps, (ms) => new Date(ms)) },
        ...this.#quantities.map((quantity, c) => ({
          name: columnOf(quantity),
          data: Array.from(columns[c]!, (value) => (value === value ? value : null)),
          // The writer's dictionary does not distinguish −0 from 0.
          ...(columns[c]!.some((value) => Object.is(value, -0)) && { encoding: 'PLAIN' as const }),
        })),
      ],
    });
    addTo(this.#checksum, rows);
    this.#rows += timestamps.length;
  }

  /** Completes the file and syncs it to disk. */
  async finish(): Promise<Contents> {
    await this.#writer.finish();
    const handle = await open(this.#path, 'r');
    await handle.sync().finally(() => handle.close());
    return { rows: this.#rows, checksum: this.#checksum.digest('hex') };
  }
}

/** Reads a whole file and returns its content's checksum. @throws Corrupt when it cannot be read */
export async function contentsOf(path: string): Promise<Contents> {
  const file = await openFile(path);
  const quantities = quantitiesOf(file.metadata);
  const checksum = createHash('sha256');
  let rows = 0;
  for (const [group, from] of rowGroups(file.metadata)) {
    const read = await readGroup(file, group, from, quantities);
    addTo(checksum, read);
    rows += read.timestamps.length;
  }
  return { rows, checksum: checksum.digest('hex') };
}

/** Reads the devices and quantities with values in a file from its footer alone. @throws Corrupt when it cannot be read */
export async function holdingsOf(path: string): Promise<Holdings> {
  const { metadata } = await openFile(path);
  const devices = new Set([...rowGroups(metadata)].map(([group]) => extentOf(group).deviceId));
  return { deviceIds: [...devices], quantities: quantitiesOf(metadata) };
}

/** Samples of some devices within a window; quantities missing in the file are NaN. @throws Corrupt when it cannot be read */
export async function readArchiveFile(
  path: string,
  deviceIds: readonly string[],
  quantities: readonly string[],
  window: Window,
): Promise<DeviceRows[]> {
  const file = await openFile(path);
  const wanted = new Set(deviceIds);
  const found = new Map<string, DeviceRows[]>();
  for (const [group, from] of rowGroups(file.metadata)) {
    const { deviceId, start, end } = extentOf(group);
    if (!wanted.has(deviceId) || end < window.start || start >= window.end) continue;
    const rows = sliceRows(await readGroup(file, group, from, quantities), window.start, window.end);
    if (rows.timestamps.length > 0) found.set(deviceId, [...(found.get(deviceId) ?? []), { deviceId, ...rows }]);
  }
  return [...found].map(([deviceId, parts]) => ({ deviceId, ...concatRows(parts, quantities.length) }));
}

interface OpenFile {
  readonly path: string;
  readonly file: Awaited<ReturnType<typeof asyncBufferFromFile>>;
  readonly metadata: FileMetaData;
}

async function openFile(path: string): Promise<OpenFile> {
  const file = await orCorrupt(path, () => asyncBufferFromFile(path));
  return { path, file, metadata: await orCorrupt(path, () => parquetMetadataAsync(file)) };
}

function* rowGroups({ row_groups }: FileMetaData): Iterable<[group: RowGroup, from: number]> {
  let from = 0;
  for (const group of row_groups) {
    yield [group, from];
    from += Number(group.num_rows);
  }
}

/** The device of a row group, with its first and last instant. */
function extentOf({ columns }: RowGroup): { deviceId: string; start: number; end: number } {
  const [device, ts] = columns.map(({ meta_data }) => meta_data?.statistics);
  return { deviceId: String(device?.min_value), start: Number(ts?.min_value), end: Number(ts?.max_value) };
}

async function readGroup(
  { path, file, metadata }: OpenFile,
  group: RowGroup,
  from: number,
  quantities: readonly string[],
): Promise<DeviceRows> {
  const length = Number(group.num_rows);
  const present = new Set(quantitiesOf(metadata));
  const into = new Map([['ts', new Float64Array(length)]]);
  for (const quantity of quantities) into.set(columnOf(quantity), new Float64Array(length).fill(Number.NaN));
  await orCorrupt(path, () =>
    parquetRead({
      file,
      metadata,
      columns: ['ts', ...quantities.filter((quantity) => present.has(quantity)).map(columnOf)],
      rowStart: from,
      rowEnd: from + length,
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
      parsers: { timestampFromMilliseconds: Number },
      onChunk: ({ columnName, columnData, rowStart }) => {
        const column = into.get(columnName) as Float64Array;
        for (let i = 0; i < columnData.length; i++) {
          const value = columnData[i];
          if (value !== null && value !== undefined) column[rowStart - from + i] = value;
        }
      },
    }),
  );
  return {
    deviceId: extentOf(group).deviceId,
    timestamps: into.get('ts') as Float64Array,
    columns: quantities.map((quantity) => into.get(columnOf(quantity)) as Float64Array),
  };
}

function quantitiesOf({ schema }: FileMetaData): string[] {
  return schema.slice(3).map(({ name }) => name.replace(/^((?:device|ts)_*)_$/, '$1'));
}

/** A quantity named like a column of every file gets the suffix `_`. */
function columnOf(quantity: string): string {
  return /^(device|ts)_*$/.test(quantity) ? `${quantity}_` : quantity;
}

function addTo(hash: Hash, { deviceId, timestamps, columns }: DeviceRows): void {
  hash.update(`${deviceId} ${timestamps.length} ${columns.length}\n`);
  hash.update(new Uint8Array(timestamps.slice().buffer));
  // NaN has many bit patterns; hash one of them.
  for (const column of columns) {
    hash.update(new Uint8Array(column.map((value) => (value === value ? value : Number.NaN)).buffer));
  }
}

async function orCorrupt<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new Corrupt(`the archive file ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
