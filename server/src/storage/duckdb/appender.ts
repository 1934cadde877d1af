import duckdb from '@duckdb/node-bindings';
import type { Connection } from './engine.ts';

/** Rows of a data chunk: DuckDB's vector size. */
export const CHUNK_ROWS = 2048;
const ALL_NULL = new Uint8Array(CHUNK_ROWS / 8);

/** Appends columns to a table within the connection's transaction, chunk by chunk, by copying memory. */
export class Appender {
  readonly #appender: duckdb.Appender;
  readonly #chunk: duckdb.DataChunk;
  readonly #columns: number;
  #vectors: duckdb.Vector[] = [];

  constructor(connection: Connection, table: string) {
    this.#appender = duckdb.appender_create(connection.raw, null, table);
    this.#columns = duckdb.appender_column_count(this.#appender);
    const types = Array.from({ length: this.#columns }, (_, i) => duckdb.appender_column_type(this.#appender, i));
    this.#chunk = duckdb.create_data_chunk(types);
    this.#next();
  }

  /** Fills a DOUBLE column of the chunk with `values[from … from + rows]`; NaN becomes NULL. */
  doubles(column: number, values: Float64Array<ArrayBuffer>, from: number, rows: number): void {
    const vector = this.#vectors[column]!;
    duckdb.copy_data_to_vector(vector, 0, values.buffer, values.byteOffset + from * 8, rows * 8);
    const validity = validityOf(values, from, rows);
    if (validity !== null) setValidity(vector, validity);
  }

  /** Fills an INTEGER column of the chunk. */
  integers(column: number, values: Int32Array<ArrayBuffer>, from: number, rows: number): void {
    const vector = this.#vectors[column]!;
    duckdb.copy_data_to_vector(vector, 0, values.buffer, values.byteOffset + from * 4, rows * 4);
  }

  /** Fills a BLOB or VARCHAR column of the chunk; null becomes NULL. */
  bytes(column: number, values: readonly (Uint8Array | null)[]): void {
    const vector = this.#vectors[column]!;
    const validity = new Uint8Array(CHUNK_ROWS / 8);
    for (const [row, value] of values.entries()) {
      if (value === null) continue;
      duckdb.vector_assign_string_element_len(vector, row, value);
      validity[row >> 3] = validity[row >> 3]! | (1 << (row & 7));
    }
    setValidity(vector, validity);
  }

  /** Leaves a column of the chunk NULL. */
  missing(column: number): void {
    setValidity(this.#vectors[column]!, ALL_NULL);
  }

  /** Appends the chunk with this many rows and starts the next one. */
  append(rows: number): void {
    duckdb.data_chunk_set_size(this.#chunk, rows);
    duckdb.append_data_chunk(this.#appender, this.#chunk);
    duckdb.data_chunk_reset(this.#chunk);
    this.#next();
  }

  /** Flushes all chunks to the transaction. */
  close(): void {
    duckdb.appender_close_sync(this.#appender);
  }

  #next(): void {
    this.#vectors = Array.from({ length: this.#columns }, (_, i) => duckdb.data_chunk_get_vector(this.#chunk, i));
  }
}

function setValidity(vector: duckdb.Vector, validity: Uint8Array<ArrayBuffer>): void {
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer, validity.byteOffset, validity.byteLength);
}

/** Bits of the rows that have a value; null when all have. */
function validityOf(values: Float64Array, from: number, rows: number): Uint8Array<ArrayBuffer> | null {
  let row = 0;
  while (row < rows && values[from + row] === values[from + row]) row++;
  if (row === rows) return null;
  const validity = new Uint8Array(CHUNK_ROWS / 8).fill(255);
  for (; row < rows; row++) {
    if (values[from + row] !== values[from + row]) validity[row >> 3] = validity[row >> 3]! & ~(1 << (row & 7));
  }
  return validity;
}
