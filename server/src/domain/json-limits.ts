const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Limits on the content of a JSON text. */
export interface JsonLimits {
  /** Nesting of brackets. */
  readonly depth: number;
  /** Number of objects and lists. */
  readonly brackets: number;
  readonly commas: number;
}

/**
 * The limit that a JSON text exceeds, or null. Check it before parsing text from outside: a bracket or a comma costs the parser far more
 * memory than its one byte.
 */
export function exceededLimit(text: string, limits: JsonLimits): keyof JsonLimits | null {
  let [depth, brackets, commas] = [0, 0, 0];
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inText) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) inText = false;
    } else if (code === QUOTE) inText = true;
    else if (code === COMMA) {
      if (++commas > limits.commas) return 'commas';
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      if (++depth > limits.depth) return 'depth';
      if (++brackets > limits.brackets) return 'brackets';
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  }
  return null;
}
