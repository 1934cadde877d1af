import { type ParsedUrlQuery, parse } from 'node:querystring';

/**
 * Parses the parameters of an address. Some clients append `[]` to the name of a list: `device_id[]=a&device_id[]=b`
 * means `device_id=a&device_id=b`.
 */
export function parseQuery(text: string): ParsedUrlQuery {
  // The server limits the length of an address, and thereby the number of parameters.
  const given = parse(text, '&', '=', { maxKeys: 0 });
  const lists = Object.keys(given).filter((key) => key.endsWith('[]'));
  for (const key of lists) {
    const name = key.slice(0, -'[]'.length);
    const values = [given[name] ?? [], given[key] ?? []].flat();
    delete given[key];
    given[name] = values.length === 1 ? values[0] : values;
  }
  return given;
}
