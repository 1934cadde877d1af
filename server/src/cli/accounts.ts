import { loadConfig } from '../config/load.ts';
import { openLog } from '../config/log.ts';
import { recordsLocation } from '../config/records-location.ts';
import { AuthService } from '../features/auth/auth-service.ts';
import { openRecords } from '../storage/records/record-store.ts';
import type { AccountContext } from './account-context.ts';

/**
 * Runs a command about users, tokens or links on the configured records; the service may run meanwhile.
 * Answers the command's exit code.
 */
export async function withAccounts(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  run: (argv: readonly string[], context: AccountContext) => Promise<number>,
): Promise<number> {
  const config = loadConfig({ file: configFile(argv), environment });
  const records = await openRecords(recordsLocation(config));
  const log = openLog(config, 'info');
  try {
    const auth = new AuthService({ records, warn: (message) => log.warn(message) });
    const { host, port, prefix, public_url: publicUrl } = config.http;
    const baseUrl = (publicUrl ?? `http://${host}:${port}${prefix}`).replace(/\/$/, '');
    return await run(argv, {
      records,
      auth,
      print: (line) => console.log(line),
      printError: (line) => console.error(line),
      baseUrl,
    });
  } finally {
    await records.close();
  }
}

function configFile(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((argument) => argument === '--config' || argument.startsWith('--config='));
  if (at < 0) return undefined;
  return argv[at] === '--config' ? argv[at + 1] : argv[at]?.slice('--config='.length);
}
