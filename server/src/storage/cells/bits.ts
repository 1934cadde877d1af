/** Appends bits, least significant first, to growing memory. */
export class BitWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;
  #pending = 0;
  #pendingBits = 0;

  /** Appends the low `bits` bits of an integer below 2^53; `bits` is at most 53. */
  write(value: number, bits: number): void {
    let rest = value;
    let left = bits;
    while (left > 16) {
      this.#push(rest % 65_536, 16);
      rest = Math.floor(rest / 65_536);
      left -= 16;
    }
    this.#push(rest & ((1 << left) - 1), left);
  }

  /** Appends a non-negative integer, small ones in few bits (Elias gamma code of `value + 1`). */
  writeGamma(value: number): void {
    const bits = bitLength(value + 1);
    this.write(0, bits - 1);
    this.write(1, 1);
    this.write((value + 1) % 2 ** (bits - 1), bits - 1);
  }

  /** Appends an integer of either sign. */
  writeSigned(value: number): void {
    const bits = bitLength(Math.abs(value));
    this.write(bits, 6);
    if (bits === 0) return;
    this.write(value < 0 ? 1 : 0, 1);
    this.write(Math.abs(value) % 2 ** (bits - 1), bits - 1);
  }

  /** The written bits, padded to bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#pendingBits > 0) this.#push(0, 8 - this.#pendingBits);
    return this.#bytes.slice(0, this.#length);
  }

  #push(value: number, bits: number): void {
    this.#pending |= value << this.#pendingBits;
    this.#pendingBits += bits;
    if (this.#length + 4 > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    while (this.#pendingBits >= 8) {
      this.#bytes[this.#length++] = this.#pending & 255;
      this.#pending >>>= 8;
      this.#pendingBits -= 8;
    }
  }
}

/** Bytes that must be readable after the last bit. */
const PADDING = 8;

/** Reads the output of `BitWriter`. */
export class BitReader {
  /** Position of the next bit; loops that read many bits keep it in a local variable. */
  at = 0;
  readonly view: DataView;
  readonly #end: number;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(bytes.length + PADDING);
    padded.set(bytes);
    this.view = new DataView(padded.buffer);
    this.#end = bytes.length * 8;
  }

  read(bits: number): number {
    let value = 0;
    for (let done = 0; done < bits; done += 24) value += this.#read24(Math.min(24, bits - done)) * 2 ** done;
    return value;
  }

  readGamma(): number {
    let bits = 0;
    for (;;) {
      const word = this.view.getUint32(this.at >>> 3, true) >>> (this.at & 7);
      const zeros = Math.min(31 - Math.clz32(word & -word), 24);
      const ended = word !== 0 && zeros < 24;
      bits += ended ? zeros : 24;
      this.#skip(ended ? zeros + 1 : 24);
      if (ended) return 2 ** bits + this.read(bits) - 1;
      if (bits > 53) throw new RangeError('a number of more than 53 bits');
    }
  }

  readSigned(): number {
    const bits = this.#read24(6);
    if (bits === 0) return 0;
    const negative = this.#read24(1) === 1;
    const magnitude = 2 ** (bits - 1) + this.read(bits - 1);
    return negative ? -magnitude : magnitude;
  }

  /** @throws RangeError when more bits were read than written */
  check(): void {
    if (this.at > this.#end) throw new RangeError('ends before its content does');
  }

  /** Reads numbers of equal width. */
  readFixed(width: number, out: Float64Array): void {
    if (width > 48) {
      for (let i = 0; i < out.length; i++) out[i] = this.read(width);
      return;
    }
    const from = this.at;
    this.#skip(width * out.length);
    const lowBits = Math.min(width, 24);
    const lowMask = (1 << lowBits) - 1;
    const highMask = (1 << (width - lowBits)) - 1;
    const { view } = this;
    let at = from;
    for (let i = 0; i < out.length; i++) {
      let value = (view.getUint32(at >>> 3, true) >>> (at & 7)) & lowMask;
      if (width > 24) {
        const high = at + 24;
        value += ((view.getUint32(high >>> 3, true) >>> (high & 7)) & highMask) * 16_777_216;
      }
      out[i] = value;
      at += width;
    }
  }

  #read24(bits: number): number {
    const { at } = this;
    this.#skip(bits);
    return (this.view.getUint32(at >>> 3, true) >>> (at & 7)) & ((1 << bits) - 1);
  }

  #skip(bits: number): void {
    if (this.at + bits > this.#end) throw new RangeError('ends before its content does');
    this.at += bits;
  }
}

/** Number of bits of an integer: 0 for 0, 1 for 1, 2 for 2 and 3. */
export function bitLength(value: number): number {
  return value < 4_294_967_296 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 4_294_967_296));
}
