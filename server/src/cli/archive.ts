import { z } from 'zod';
import { InvalidInput } from '../domain/errors.ts';
import { type CommandDefinition, serviceCommand } from './command.ts';
import { longWork } from './work.ts';

const Report = z.object({
  months: z.number(),
  rows: z.number(),
  bytes: z.number(),
  postponed: z.array(z.string()).readonly(),
});

export const archive: CommandDefinition = (run) =>
  serviceCommand('archive', 'the scopes read and admin')
    .description(
      `Moves months that are older than archive.after_days into the archive (Parquet files in archive.store), reads them back, and only then deletes them from the first store. Works through the API while the service runs. An interrupted run continues where it stopped.

Ends with 0 when every month that is old enough is in the archive, else with 1.`,
    )
    .action((_, command) =>
      run(command, async (invocation) => {
        if (invocation.config.archive.store === undefined)
          throw new InvalidInput('no archive is configured: set archive.store, for instance to {type: local}');
        const result = await longWork(invocation, {
          title: 'Archiving',
          start: async (service) => {
            const { archiveMonths } = await import('@wattkeeper/contract/endpoints/storage.ts');
            return service.call(archiveMonths);
          },
          alone: async ({ archive, rollups, ingest }, context) => {
            if (archive === null) throw new InvalidInput('persistence is off: there is nothing to archive');
            await rollups.keepUp(ingest, context);
            return archive.moveOldMonths(context);
          },
        });
        const report = Report.parse(result);
        const lines = [
          `${report.months} months were archived: ${report.rows} rows in ${report.bytes} bytes.`,
          ...report.postponed.map((name) => `${name} is left to the next run: old readings still arrive.`),
        ];
        return { lines, json: report, code: report.postponed.length === 0 ? 0 : 1 };
      }),
    );
