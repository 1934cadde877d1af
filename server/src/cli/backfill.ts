import { z } from 'zod';
import { type CommandDefinition, serviceCommand } from './command.ts';
import { longWork } from './work.ts';

const Report = z.object({ series: z.number(), values: z.number(), written: z.number(), archivedMonths: z.number() });

export const backfill: CommandDefinition = (run) =>
  serviceCommand('backfill', 'the scopes read and admin')
    .description(
      'Copies what one store holds to another, archived months included. Both are listed under stores in the configuration. Works through the API while the service runs. An interrupted run continues where it stopped; what is written is read back.',
    )
    .requiredOption('--from <store>', 'name of the store to read')
    .requiredOption('--to <store>', 'name of the store to fill')
    .addHelpText('after', '\nExample:\n  npm start -- backfill --from duckdb --to postgres')
    .action(({ from, to }, command) =>
      run(command, async (invocation) => {
        const params = { from, to };
        const result = await longWork(invocation, {
          title: 'Copying',
          start: async (service) => {
            const { backfillStore } = await import('@wattkeeper/contract/endpoints/storage.ts');
            return service.call(backfillStore, { body: params });
          },
          alone: async (pipeline, context) => {
            const { createFilling } = await import('../assembly/backfill.ts');
            const { backfillJob } = await import('../features/backfill/job.ts');
            return backfillJob(createFilling(pipeline)).run({ params, by: null, ...context });
          },
        });
        const report = Report.parse(result);
        const { values, series, written, archivedMonths } = report;
        const lines = [
          `${values} values of ${series} series of ${from} are in ${to}; ${written} were not there before.`,
          ...(archivedMonths > 0 ? [`${archivedMonths} months were read from the archive.`] : []),
        ];
        return { lines, json: report };
      }),
    );
