import { isScalar, parseDocument, visit, YAMLParseError } from 'yaml';
import { InvalidInput, messageOf } from '../../domain/errors.ts';

/** Maximum length of a mapping in YAML: its parser needs about 10 ms per thousand characters. JSON is parsed a hundred times faster. */
export const MAX_YAML_CHARACTERS = 20_000;
/** Maximum number of listed errors of a mapping. */
export const MAX_LISTED_ERRORS_COUNT = 50;

/**
 * Parses a mapping in JSON or YAML.
 * @param what subject of messages, such as `the mapping house.yaml`
 * @throws InvalidInput for a text that is neither, and for YAML that is too long or multiplies itself through aliases
 */
export function mappingTree(text: string, subject: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It may be YAML.
  }
  if (text.length > MAX_YAML_CHARACTERS)
    throw new InvalidInput(
      `${subject} is not JSON, and in YAML at most ${MAX_YAML_CHARACTERS} characters are allowed; got ${text.length}: write it as JSON`,
    );
  try {
    // The parser compares each key with every other one.
    const document = parseDocument(text, { logLevel: 'error', uniqueKeys: false });
    if (document.errors[0] !== undefined) throw document.errors[0];
    visit(document, {
      Map: (_, { items }) => {
        const seen = new Set<unknown>();
        for (const key of items.map(({ key }) => (isScalar(key) ? key.value : key))) {
          if (seen.has(key)) throw new InvalidInput(`${subject} has the key "${String(key)}" twice in one place`);
          seen.add(key);
        }
      },
    });
    return document.toJS();
  } catch (error) {
    // The parser throws a ReferenceError for aliases that multiply.
    if (!(error instanceof YAMLParseError || error instanceof ReferenceError)) throw error;
    throw new InvalidInput(`${subject} is not YAML: ${messageOf(error).split('\n')[0]}`, { cause: error });
  }
}

/** `3 error(s):` and one line for each of the first errors. */
export function errorList(errors: readonly string[]): string {
  const shown = errors.slice(0, MAX_LISTED_ERRORS_COUNT).map((line) => `\n  ${line}`);
  const more = errors.length > shown.length ? `\n  and ${errors.length - shown.length} others` : '';
  return `${errors.length} error(s):${shown.join('')}${more}`;
}
