import { isScalar, parseDocument, visit, YAMLParseError } from 'yaml';
import { InvalidInput, messageOf } from '../../domain/errors.ts';

/** Longest mapping in YAML: its parser needs some 10 ms for each thousand characters. JSON is read a hundred times faster. */
export const MAX_YAML_CHARACTERS = 20_000;
/** Errors of a mapping that an answer lists. */
export const MAX_LISTED_ERRORS_COUNT = 50;

/**
 * The tree of a mapping in JSON or YAML.
 * @param what for messages, such as `the mapping house.yaml`
 * @throws InvalidInput for what is neither, and for YAML that is too long or multiplies itself by aliases
 */
export function mappingTree(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It may be YAML.
  }
  if (text.length > MAX_YAML_CHARACTERS)
    throw new InvalidInput(
      `${what} is no JSON, and in YAML at most ${MAX_YAML_CHARACTERS} characters are read; got ${text.length}: write it as JSON`,
    );
  try {
    // The parser compares each key with each other one.
    const document = parseDocument(text, { logLevel: 'error', uniqueKeys: false });
    if (document.errors[0] !== undefined) throw document.errors[0];
    visit(document, {
      Map: (_, { items }) => {
        const seen = new Set<unknown>();
        for (const key of items.map(({ key }) => (isScalar(key) ? key.value : key))) {
          if (seen.has(key)) throw new InvalidInput(`${what} has the key "${String(key)}" twice in one place`);
          seen.add(key);
        }
      },
    });
    return document.toJS();
  } catch (error) {
    // A ReferenceError is what the parser makes of aliases that multiply.
    if (!(error instanceof YAMLParseError || error instanceof ReferenceError)) throw error;
    throw new InvalidInput(`${what} is not YAML: ${messageOf(error).split('\n')[0]}`, { cause: error });
  }
}

/** `3 error(s):` and a line for each of the first. */
export function errorList(errors: readonly string[]): string {
  const shown = errors.slice(0, MAX_LISTED_ERRORS_COUNT).map((line) => `\n  ${line}`);
  const more = errors.length > shown.length ? `\n  and ${errors.length - shown.length} others` : '';
  return `${errors.length} error(s):${shown.join('')}${more}`;
}
