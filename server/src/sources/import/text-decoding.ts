import { isAscii } from 'node:buffer';

/** Byte order marks, and the encoding of each. */
const BYTE_ORDER_MARKS = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
] as const;
/** Size of the sample that shows whether every other byte is 0, as in UTF-16. */
const SAMPLE_BYTES = 512;

/** Whether an encoding with this name is supported. */
export function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** UTF-16 or UTF-8 if the first bytes show it; undefined: detected by the first byte that is not ASCII. */
export function encodingOf(start: Buffer): string | undefined {
  const marked = BYTE_ORDER_MARKS.find(([mark]) => mark.every((byte, i) => start[i] === byte))?.[1];
  if (marked !== undefined) return marked;
  const sample = start.subarray(0, SAMPLE_BYTES);
  const zeros = [0, 0];
  for (const [i, byte] of sample.entries()) if (byte === 0) zeros[i % 2]!++;
  const quarter = sample.length / 4;
  if (zeros[0] === 0 && zeros[1]! > quarter) return 'utf-16le';
  if (zeros[1] === 0 && zeros[0]! > quarter) return 'utf-16be';
  return undefined;
}

/** Decodes a text; by default as UTF-16 or UTF-8 if the bytes are valid, otherwise as Windows-1252. */
export async function* decodedText(
  chunks: AsyncIterable<Uint8Array | string>,
  encoding?: string,
): AsyncGenerator<string> {
  let decoder = encoding === undefined ? undefined : new TextDecoder(encoding);
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') {
      yield chunk;
      continue;
    }
    if (decoder === undefined && isAscii(chunk) && !chunk.includes(0)) {
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
      continue;
    }
    decoder ??= new TextDecoder(encodingOf(Buffer.from(chunk)) ?? (isUtf8Start(chunk) ? 'utf-8' : 'windows-1252'));
    yield decoder.decode(chunk, { stream: true });
  }
  const rest = decoder?.decode() ?? '';
  if (rest !== '') yield rest;
}

/** The decoded start of a text. */
export function decodedStart(start: Buffer, encoding?: string): string {
  const found = encoding ?? encodingOf(start);
  return new TextDecoder(found ?? (isUtf8Start(start) ? 'utf-8' : 'windows-1252')).decode(start);
}

/** Whether bytes are UTF-8; the last character may be truncated. */
function isUtf8Start(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
