import { type DecodedLines, LineProtocolDecoder, type LineProtocolOptions, MAX_LINE_BYTES } from './line-protocol.ts';

/** A document that may consist of several pieces. */
export interface ByteSource {
  readonly length: number;
  /** Copies bytes from `from` on into `target`, up to its length; returns the number copied. */
  read(from: number, target: Uint8Array): number;
  /** Position of the first such byte from `from` on; -1 without one. */
  indexOf(byte: number, from: number): number;
}

/** Size at which a slice ends, after completing its last line. */
const SLICE_BYTES = 128 * 1024;
/** Maximum number of lines per slice: bad lines can have two bytes, and short lines can have many different fields. */
const SLICE_LINES = 2000;
const NEWLINE = 10;

/**
 * Decodes a document slice by slice, each in a few milliseconds regardless of the document's size, so that other work can run in between.
 * A line longer than `MAX_LINE_BYTES` is a bad line.
 */
export function* decodeLineProtocolSlices(source: ByteSource, options: LineProtocolOptions): Generator<DecodedLines> {
  const scratch = new Uint8Array(Math.min(source.length, SLICE_BYTES + MAX_LINE_BYTES));
  let firstLine = 1;
  for (let at = 0; at < source.length; ) {
    const window = scratch.subarray(0, source.read(at, scratch));
    const decoder = new LineProtocolDecoder(window, options, { firstLine, isCut: at + window.length < source.length });
    yield decoder.decode(SLICE_BYTES, SLICE_LINES);
    firstLine += newlinesIn(window, decoder.end);
    at += decoder.end;
    if (!decoder.endsWithinLine) continue;
    const newline = source.indexOf(NEWLINE, at);
    at = newline < 0 ? source.length : newline + 1;
    firstLine++;
  }
}

function newlinesIn(bytes: Uint8Array, end: number): number {
  let count = 0;
  for (let i = 0; i < end; i++) if (bytes[i] === NEWLINE) count++;
  return count;
}
