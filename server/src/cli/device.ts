import { formatInstant, Instant } from '@wattkeeper/contract/common.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { by, type CommandDefinition, type Result, serviceCommand } from './command.ts';

const NAME_HELP = 'name or id of the device';

export const device: CommandDefinition = (run) => {
  const devices = serviceCommand('device', 'the scope write (delete: admin)').description(
    'Lists, retires, reactivates and deletes devices of a running service.',
  );
  const change = (command: Parameters<typeof run>[0], name: string, retired_at: string | null) =>
    run(command, async (invocation) => {
      const { changeDevice } = await import('@wattkeeper/contract/endpoints/devices.ts');
      const service = await invocation.requireService();
      return resultOf([await service.call(changeDevice, { params: { id: name }, body: { retired_at } })]);
    });

  devices
    .command('list')
    .description('List the devices.')
    .action((_, command) =>
      run(command, async (invocation) => {
        const { listDevices } = await import('@wattkeeper/contract/endpoints/devices.ts');
        const service = await invocation.requireService();
        return resultOf(await service.list(listDevices));
      }),
    );

  devices
    .command('retire')
    .description(
      'Retire a device: from then on it does not count for its site. Its earlier readings stay in every report.',
    )
    .argument('<name>', NAME_HELP)
    .option('--at <time>', 'such as 2026-03-10T06:00:00Z; default: now', by(Instant))
    .action((name, { at }, command) => change(command, name, at ?? formatInstant(Date.now())));

  devices
    .command('reactivate')
    .description('Reactivate a retired device.')
    .argument('<name>', NAME_HELP)
    .action((name, _, command) => change(command, name, null));

  devices
    .command('delete')
    .description('Delete a device with its readings, in every store and in the archive.')
    .argument('<name>', NAME_HELP)
    .option('--confirm <name>', 'its name again, which a device with readings needs')
    .action((name, { confirm }, command) =>
      run(command, async (invocation) => {
        const { removeDevice } = await import('@wattkeeper/contract/endpoints/devices.ts');
        const service = await invocation.requireService();
        const removed = await service.call(removeDevice, { params: { id: name }, query: { confirm } });
        const job = removed.job_id === null ? 'a job that starts within minutes' : `job ${removed.job_id}`;
        console.error(`${removed.name} is deleted; its readings are deleted by ${job}`);
        return resultOf([]);
      }),
    );

  return devices;
};

function resultOf(items: readonly Device[]): Result {
  return { lines: items.map(describe), json: { items } };
}

function describe({ name, kind, status, last_reading_at, retired_at }: Device): string {
  const since = retired_at === null ? (last_reading_at ?? '') : `since ${retired_at}`;
  return `${status.padEnd(14)} ${kind.padEnd(15)} ${name}  ${since}`.trimEnd();
}
