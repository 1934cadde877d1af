import { loadConfig } from '../config/load.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { AuthService } from '../features/auth/service.ts';
import type { AccountContext } from './account-context.ts';
import { accountsOfService } from './accounts-of-service.ts';
import { accountsOnRecords } from './accounts-on-records.ts';
import { onRecords } from './on-records.ts';
import { ownUrl } from './own-url.ts';
import { type Given, runningService } from './running-service.ts';

/**
 * Runs a command about users, tokens or links: in the service that runs, else on the records of one that is stopped.
 * Answers the command's exit code.
 */
export async function withAccounts(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  run: (argv: readonly string[], context: AccountContext) => Promise<number>,
): Promise<number> {
  return run(argv, {
    accounts: async (use) => {
      const config = loadConfig({ file: optionOf(argv, '--config'), environment });
      const given: Given = { url: optionOf(argv, '--url'), token: optionOf(argv, '--token') };
      const service = await runningService(config, environment, given);
      if (service) return use(accountsOfService(service));
      return onRecords(config, (records) => {
        const log = openLog(config, 'info');
        const auth = new AuthService({ records, warn: (message) => log.warn(message) });
        return use(accountsOnRecords(auth, baseUrlOf(config)));
      });
    },
    print: (line) => console.log(line),
    printError: (line) => console.error(line),
  });
}

/** Where the service will answer. */
function baseUrlOf(config: Config): string {
  return config.http.public_url ?? ownUrl(config);
}

function optionOf(argv: readonly string[], name: string): string | undefined {
  const at = argv.findIndex((argument) => argument === name || argument.startsWith(`${name}=`));
  if (at < 0) return undefined;
  return argv[at] === name ? argv[at + 1] : argv[at]?.slice(name.length + 1);
}
