/**
 * Bytes that line protocol cannot represent in a name, or that would end a line, and the escape character that replaces them. Whole names:
 * InfluxDB drops points with a field `time`, and InfluxQL does not distinguish a field `device_id` from the tag.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not stand in a line
const HARD = /[%\\\u0000-\u001f\u007f]|^[#_]|^t(?=ime$)|^d(?=evice_id$)/g;
const CODED = /%([0-9A-F]{2})/g;

/** Encodes any text reversibly as a name for InfluxDB, where line protocol cannot represent it. */
export function encodeName(name: string): string {
  return name.replace(HARD, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** Reverses `encodeName`; names of other writers are returned unchanged. */
export function decodeName(name: string): string {
  return name.replace(CODED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A measurement in line protocol. */
export function measurementInLine(name: string): string {
  return encodeName(name).replace(/[, ]/g, '\\$&');
}

/** Forbidden field names: the server drops a field called `time`, and a query resolves a field named like the tag to the tag. */
const TAKEN_BY_FIELDS: ReadonlySet<string> = new Set(['time', 'device_id']);

/** The name of a quantity's field; `decodeName` reverses it as well. */
function encodeField(name: string): string {
  return TAKEN_BY_FIELDS.has(name)
    ? `%${name.charCodeAt(0).toString(16).toUpperCase()}${name.slice(1)}`
    : encodeName(name);
}

/** A tag's value in line protocol. */
export function tagInLine(name: string): string {
  return encodeName(name).replace(/[,= ]/g, '\\$&');
}

/** A field's key in line protocol. */
export function fieldInLine(name: string): string {
  return encodeField(name).replace(/[,= ]/g, '\\$&');
}

/** A field in InfluxQL. */
export function fieldIdentifier(name: string): string {
  return `"${encodeField(name).replaceAll('"', '\\"')}"`;
}

/** A measurement in InfluxQL. */
export function identifier(name: string): string {
  return `"${encodeName(name).replaceAll('"', '\\"')}"`;
}

/** A text in InfluxQL. */
export function literal(text: string): string {
  return `'${encodeName(text).replaceAll("'", "\\'")}'`;
}
