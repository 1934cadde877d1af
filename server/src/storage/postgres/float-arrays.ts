/** Number of the type `float8` in PostgreSQL's catalogue. */
const FLOAT8 = 701;
/** Dimensions, flags, type, and of the one dimension its length and lower bound; 4 bytes each. */
const HEADER_BYTES = 20;
const NULL_LENGTH = -1;

/** A column as a `float8[]` of PostgreSQL's binary protocol: lossless, and NaN becomes NULL. */
export function encodeFloats(values: Float64Array): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + values.length * 12);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  view.setInt32(0, 1);
  view.setInt32(4, 1);
  view.setInt32(8, FLOAT8);
  view.setInt32(12, values.length);
  view.setInt32(16, 1);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === value) {
      view.setInt32(at, 8);
      view.setFloat64(at + 4, value);
      at += 12;
    } else {
      view.setInt32(at, NULL_LENGTH);
      at += 4;
    }
  }
  return buffer.subarray(0, at);
}

/** SQL that aggregates a `float8` of all rows for `decodeFloats`: `pg` accepts only texts, and numbers as texts are slow. */
export function arrayOf(expression: string): string {
  return `encode(array_send(array_agg(${expression})), 'base64')`;
}

/** A column from the value of `arrayOf`; NULL becomes NaN. */
export function decodeFloats(text: string): Float64Array<ArrayBuffer> {
  const buffer = Buffer.from(text, 'base64');
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const values = new Float64Array(view.getInt32(0) === 0 ? 0 : view.getInt32(12));
  let at = HEADER_BYTES;
  for (let i = 0; i < values.length; i++) {
    const missing = view.getInt32(at) === NULL_LENGTH;
    values[i] = missing ? Number.NaN : view.getFloat64(at + 4);
    at += missing ? 4 : 12;
  }
  return values;
}
