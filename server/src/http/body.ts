const BLOCK_BYTES = 64 * 1024;
/** Chunks from this size on are stored without copying. */
const LARGE_CHUNK_BYTES = 8 * 1024;

interface Block {
  readonly start: number;
  /** The first `used` bytes belong to the body. */
  readonly bytes: Uint8Array;
  used: number;
}

/**
 * The bytes of a request. Large chunks are stored without copying, small ones are collected in blocks: growth copies almost nothing, and a body that arrives
 * byte by byte needs as little memory as one that arrives at once.
 */
export class Body {
  readonly #blocks: Block[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(chunk: Uint8Array): void {
    if (chunk.length >= LARGE_CHUNK_BYTES) this.#push(chunk, chunk.length);
    else if (chunk.length > 0) this.#gather(chunk);
  }

  /** Returns the bytes of `[from … to)`, at most up to the end. */
  slice(from = 0, to = this.#length): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(Math.min(to, this.#length) - from, 0));
    this.read(from, bytes);
    return bytes;
  }

  /** Copies bytes from `from` on into `target`, up to its length; returns the number copied. */
  read(from: number, target: Uint8Array): number {
    let at = 0;
    for (let b = this.#blockOf(from); b < this.#blocks.length && at < target.length; b++) {
      const { start, bytes, used } = this.#blocks[b]!;
      const offset = from + at - start;
      const part = bytes.subarray(offset, Math.min(used, offset + target.length - at));
      target.set(part, at);
      at += part.length;
    }
    return at;
  }

  /** Position of the first occurrence of the byte from `from` on; -1 without one. */
  indexOf(byte: number, from: number): number {
    for (let b = this.#blockOf(from); b < this.#blocks.length; b++) {
      const { start, bytes, used } = this.#blocks[b]!;
      const found = bytes.subarray(0, used).indexOf(byte, Math.max(from - start, 0));
      if (found >= 0) return start + found;
    }
    return -1;
  }

  /** Index of the block that contains a position, or the number of blocks. */
  #blockOf(position: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { start, used } = this.#blocks[middle]!;
      if (start + used <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #push(bytes: Uint8Array, used: number): void {
    this.#blocks.push({ start: this.#length, bytes, used });
    this.#length += used;
  }

  #gather(chunk: Uint8Array): void {
    const last = this.#blocks.at(-1);
    if (last === undefined) this.#push(chunk, chunk.length);
    else if (last.used + chunk.length <= last.bytes.length) {
      last.bytes.set(chunk, last.used);
      last.used += chunk.length;
      this.#length += chunk.length;
    } else {
      const block = new Uint8Array(BLOCK_BYTES);
      block.set(chunk);
      this.#push(block, chunk.length);
    }
  }
}
