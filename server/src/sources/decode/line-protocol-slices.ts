import { type DecodedLines, LineProtocolDecoder, type LineProtocolOptions, MAX_LINE_BYTES } from './line-protocol.ts';

/** A document that may be kept in several pieces. */
export interface ByteSource {
  readonly length: number;
  /** Copies the bytes from `from` on, as many as `target` holds and there are; answers how many. */
  read(from: number, target: Uint8Array): number;
  /** Position of the first such byte from `from` on; -1 where there is none. */
  indexOf(byte: number, from: number): number;
}

/** A slice ends with the line that reaches beyond this. */
const SLICE_BYTES = 128 * 1024;
/** Lines of a slice: bad ones can be two bytes long, and short ones can have ever other fields. */
const SLICE_LINES = 2000;
const NEWLINE = 10;

/**
 * Decodes a document slice by slice, each of which takes some milliseconds whatever the document holds: between two of them other work can be done. A
 * line longer than `MAX_LINE_BYTES` is a bad one.
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
