import { writeFileSync } from 'node:fs';
import { TimeZone } from '@wattkeeper/contract/site.ts';
import { InvalidInput, messageOf } from '../domain/errors.ts';
import { detectMapping, mappingText } from '../sources/import/detect/detect.ts';
import { diskFile } from '../sources/import/input-file.ts';
import { parseMapping } from '../sources/import/mapping.ts';

export interface DetectOptions {
  readonly timezone: string;
  readonly site?: string | undefined;
  readonly currency?: string | undefined;
  /** File to write the mapping to; it must not exist. */
  readonly mapping?: string | undefined;
  readonly json: boolean;
}

/** `import --detect`: writes a mapping for a file. */
export async function detectCommand([path, ...more]: readonly string[], options: DetectOptions): Promise<number> {
  if (path === undefined || more.length > 0) throw new InvalidInput('import --detect needs one file');
  const zone = TimeZone.safeParse(options.timezone);
  if (!zone.success) throw new InvalidInput(`--timezone: ${zone.error.issues[0]?.message}`);
  const { site, currency } = options;
  const { mapping, notes } = await detectMapping(await diskFile(path), { timezone: zone.data, site, currency });
  const text = mappingText({ mapping, notes });
  parseMapping(text, `for ${path}`);
  if (options.mapping !== undefined) writeNew(options.mapping, text);
  if (options.json) console.log(JSON.stringify({ mapping, notes, written: options.mapping ?? null }));
  else if (options.mapping === undefined) console.log(text.trimEnd());
  else console.log(`${options.mapping} is the mapping for ${path}; import it with --dry-run first.`);
  return 0;
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    throw new InvalidInput(`the mapping ${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
