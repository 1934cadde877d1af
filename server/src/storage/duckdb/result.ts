import duckdb from '@duckdb/node-bindings';

/** DuckDB's `string_t`: length, then up to 12 bytes inline, else a prefix of 4 bytes and a pointer. */
const STRING_BYTES = 16;
const INLINE_BYTES = 12;

/** A result in memory, read column by column without a call per value. */
export class Result {
  readonly rows: number;
  readonly #chunks: { chunk: duckdb.DataChunk; from: number; rows: number }[] = [];

  constructor(raw: duckdb.Result) {
    const count = duckdb.result_chunk_count(raw);
    let rows = 0;
    for (let i = 0; i < count; i++) {
      const chunk = duckdb.result_get_chunk(raw, i);
      const size = duckdb.data_chunk_get_size(chunk);
      this.#chunks.push({ chunk, from: rows, rows: size });
      rows += size;
    }
    this.rows = rows;
  }

  /** A DOUBLE column; NaN where NULL. */
  doubles(column: number): Float64Array<ArrayBuffer> {
    const out = new Float64Array(this.rows);
    for (const { chunk, from, rows } of this.#chunks) {
      const vector = duckdb.data_chunk_get_vector(chunk, column);
      const data = duckdb.vector_get_data(vector, rows * 8);
      out.set(new Float64Array(data.buffer, data.byteOffset, rows), from);
      const valid = validityOf(vector, rows);
      if (valid === null) continue;
      for (let row = 0; row < rows; row++) if (!isValid(valid, row)) out[from + row] = Number.NaN;
    }
    return out;
  }

  /** An INTEGER column without NULL. */
  integers(column: number): Int32Array<ArrayBuffer> {
    const out = new Int32Array(this.rows);
    for (const { chunk, from, rows } of this.#chunks) {
      const data = duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk, column), rows * 4);
      out.set(new Int32Array(data.buffer, data.byteOffset, rows), from);
    }
    return out;
  }

  /** A BLOB or VARCHAR column as bytes, valid as long as the result; null where NULL. */
  bytes(column: number): (Uint8Array | null)[] {
    const out: (Uint8Array | null)[] = [];
    for (const { chunk, rows } of this.#chunks) {
      const vector = duckdb.data_chunk_get_vector(chunk, column);
      const data = duckdb.vector_get_data(vector, rows * STRING_BYTES);
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const valid = validityOf(vector, rows);
      for (let row = 0; row < rows; row++) {
        out.push(valid !== null && !isValid(valid, row) ? null : bytesAt(view, row * STRING_BYTES));
      }
    }
    return out;
  }

  /** A VARCHAR column without NULL. */
  texts(column: number): string[] {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return this.bytes(column).map((bytes) => decoder.decode(bytes ?? undefined));
  }
}

function validityOf(vector: duckdb.Vector, rows: number): Uint8Array | null {
  return duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) ?? null;
}

function isValid(validity: Uint8Array, row: number): boolean {
  return ((validity[row >> 3]! >> (row & 7)) & 1) === 1;
}

function bytesAt(view: DataView, at: number): Uint8Array {
  const length = view.getUint32(at, true);
  if (length <= INLINE_BYTES) return new Uint8Array(view.buffer, view.byteOffset + at + 4, length);
  return duckdb.get_data_from_pointer(view.buffer as ArrayBuffer, view.byteOffset + at + 8, length);
}
