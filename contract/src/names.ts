/** Maximum length of a name of a device, a site, a metric or anything else, in UTF-16 units. */
export const MAX_NAME_CHARACTERS = 200;
export const MAX_LABEL_CHARACTERS = 100;
export const MAX_LABEL_VALUE_CHARACTERS = 500;

/** Half of a surrogate pair has no UTF-8 form; PostgreSQL does not store NUL. */
const UNSTORABLE = /[\0\p{Cs}]/u;
/** A name is one line: it appears in line protocol, CSV files, SQL tools and messages. */
const UNNAMEABLE = /[\p{Cc}\p{Cs}]/u;

/** Whether every store retains the text unchanged: well-formed Unicode without NUL. */
export function isStorableText(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** The reason why a text is not a valid name, or null: the single rule for names from every source. */
export function nameFault(text: string, maxCharacters = MAX_NAME_CHARACTERS): string | null {
  if (text.trim() === '' || text.length > maxCharacters)
    return `must have 1 to ${maxCharacters} characters; got ${quote(text)}`;
  if (!text.isWellFormed()) return `must be well-formed Unicode; got half of a surrogate pair in ${quote(text)}`;
  if (UNNAMEABLE.test(text)) return `must have no control characters; got ${quote(text)}`;
  return null;
}

/** Whether a text can name a device, a site, a metric group, a quantity, a label or anything else. */
export function isName(text: string, maxCharacters = MAX_NAME_CHARACTERS): boolean {
  return nameFault(text, maxCharacters) === null;
}

/** The start of a text for a message: on one line and well-formed. */
function quote(text: string): string {
  const shown = JSON.stringify(text.slice(0, 60).toWellFormed());
  return text.length > 60 || shown.length > 62 ? `${shown.slice(0, 60).toWellFormed()}…` : shown;
}
