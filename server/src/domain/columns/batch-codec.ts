import { crc32 } from 'node:zlib';
import { Corrupt, messageOf } from '../errors.ts';
import { type Block, rowCount } from './batch.ts';

/**
 * Encoding of blocks in the journal. Format 1 (docs/formats/journal.md): magic, CRC-32 of all following bytes, length of the header, header
 * (JSON, UTF-8), padding to 8 bytes, then for each block its device column (Int32, padded to 8 bytes), its timestamps and its columns
 * (Float64), little endian.
 */
const MAGIC = 0x314b5457; // "WTK1"
const PREFIX_BYTES = 12;

interface BlockHeader {
  readonly group: string;
  readonly quantities: readonly string[];
  readonly devices: readonly string[];
  readonly rows: number;
  readonly erases?: true;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes blocks into a new buffer. */
export function encodeBlocks(blocks: readonly Block[]): Uint8Array<ArrayBuffer> {
  const header = encoder.encode(
    JSON.stringify(
      blocks.map(
        (block): BlockHeader => ({
          group: block.group,
          quantities: block.quantities,
          devices: block.devices,
          rows: rowCount(block),
          ...(block.erases && { erases: true }),
        }),
      ),
    ),
  );
  const bodyAt = align(PREFIX_BYTES + header.length);
  const total = blocks.reduce((sum, block) => sum + bodyBytes(rowCount(block), block.columns.length), bodyAt);
  const bytes = new Uint8Array(total);
  bytes.set(header, PREFIX_BYTES);
  let at = bodyAt;
  for (const block of blocks) {
    const rows = rowCount(block);
    bytes.set(bytesOf(block.device.subarray(0, rows)), at);
    at = align(at + rows * 4);
    for (const column of [block.timestamps, ...block.columns]) {
      bytes.set(bytesOf(column), at);
      at += rows * 8;
    }
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, header.length, true);
  view.setUint32(4, crc32(bytes.subarray(8)), true);
  return bytes;
}

/** Decodes the bytes of `encodeBlocks`; the columns are views of the bytes. Throws `Corrupt` if a byte differs. */
export function decodeBlocks(given: Uint8Array): Block[] {
  const bytes = given.byteOffset % 8 === 0 ? given : given.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new Corrupt('a journal entry does not start with the magic number of its format');
  }
  const expected = view.getUint32(4, true);
  const found = crc32(bytes.subarray(8));
  if (found !== expected) throw new Corrupt(`the checksum of a journal entry is ${found}; expected ${expected}`);
  const headerLength = view.getUint32(8, true);
  const headers = parseHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerLength));
  let at = align(PREFIX_BYTES + headerLength);
  return headers.map(({ group, quantities, devices, rows, erases }) => {
    const device = new Int32Array(bytes.buffer, bytes.byteOffset + at, rows);
    at = align(at + rows * 4);
    const column = () => {
      const values = new Float64Array(bytes.buffer, bytes.byteOffset + at, rows);
      at += rows * 8;
      return values;
    };
    const block = { group, quantities, devices, device, timestamps: column(), columns: quantities.map(column) };
    return erases ? { ...block, erases } : block;
  });
}

function parseHeader(bytes: Uint8Array): BlockHeader[] {
  try {
    return JSON.parse(decoder.decode(bytes)) as BlockHeader[];
  } catch (error) {
    throw new Corrupt(`the header of a journal entry cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function bodyBytes(rows: number, columns: number): number {
  return align(rows * 4) + rows * 8 * (columns + 1);
}

function align(offset: number): number {
  return (offset + 7) & ~7;
}

function bytesOf(array: Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
