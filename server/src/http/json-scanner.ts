import { InvalidInput } from '../domain/errors.ts';

/** Maximum nesting of brackets. */
export const MAX_JSON_DEPTH = 32;
/** Maximum number of values in a document, or in one element of a list that is read in slices. */
export const MAX_JSON_VALUES = 16_000;
/** Maximum size of one element of a list that is read in slices. */
export const MAX_JSON_ELEMENT_BYTES = 256 * 1024;
/** Size at which a list is cut, after the current element. */
const SLICE_BYTES = 128 * 1024;

const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * Scans JSON while it arrives, before it is parsed. Throws at the first byte that exceeds the nesting or the number of values, and finds the positions
 * at which a list can be cut. One pass in constant memory; the parser checks the syntax.
 */
export class JsonScanner {
  /** Positions of the commas at which a list can be cut. */
  readonly cuts: number[] = [];
  /** Maximum number of elements of a list; null: the document is not cut, and the limits apply to the whole document. */
  readonly #maxElements: number | null;
  #listStart = -1;
  #at = 0;
  #depth = 0;
  #inText = false;
  #escaped = false;
  #values = 1;
  #elements = 1;
  #elementStart = 0;

  constructor(maxElements: number | null = null) {
    this.#maxElements = maxElements;
  }

  /** Position of the bracket that opens a list at the root; -1 without one. */
  get listStart(): number {
    return this.#listStart;
  }

  /** Whether an unterminated string is open. */
  get isInText(): boolean {
    return this.#inText;
  }

  /** @throws InvalidInput, with the code `payload_too_large` if a size is exceeded */
  add(bytes: Uint8Array): void {
    let inText = this.#inText;
    let escaped = this.#escaped;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inText = false;
      } else if (byte === QUOTE) inText = true;
      else if (byte === COMMA) this.#comma(this.#at + i);
      else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) this.#open(byte, this.#at + i);
      else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) this.#depth--;
    }
    this.#inText = inText;
    this.#escaped = escaped;
    this.#at += bytes.length;
    this.#checkElement(this.#at);
  }

  #open(byte: number, at: number): void {
    if (this.#depth === 0 && this.#listStart < 0 && byte === OPEN_BRACKET) this.#listStart = at;
    this.#depth++;
    if (this.#depth > MAX_JSON_DEPTH) {
      throw new InvalidInput(`brackets go at most ${MAX_JSON_DEPTH} deep; the one at byte ${at} goes deeper`);
    }
  }

  #comma(at: number): void {
    this.#values++;
    if (this.#values > MAX_JSON_VALUES) {
      throw new InvalidInput(
        `a document may have at most ${MAX_JSON_VALUES} values; the one after byte ${at} is too many`,
        {
          code: 'payload_too_large',
        },
      );
    }
    if (this.#maxElements === null || this.#depth !== 1 || this.#listStart < 0) return;
    this.#checkElement(at);
    this.#elementStart = at + 1;
    this.#values = 1;
    this.#elements++;
    if (this.#elements > this.#maxElements) {
      throw new InvalidInput(
        `a request may have at most ${this.#maxElements} elements; the one after byte ${at} is too many`,
      );
    }
    if (at - (this.cuts.at(-1) ?? this.#listStart) > SLICE_BYTES) this.cuts.push(at);
  }

  #checkElement(end: number): void {
    if (this.#maxElements === null || end - this.#elementStart <= MAX_JSON_ELEMENT_BYTES) return;
    throw new InvalidInput(
      `one element of a list has at most ${MAX_JSON_ELEMENT_BYTES} bytes; the one at byte ${this.#elementStart} has more`,
      { code: 'payload_too_large' },
    );
  }
}
