import type { BaselineTraining } from '@wattkeeper/contract/analytics/baseline.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { Window } from '../../domain/time/window.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import { CALENDAR_PREFIX, type CategorySource, calendarDriver, categoryDrivers, isCategory } from './categories.ts';
import { type Driver, type DriverOptions, findDrivers } from './driver-loader.ts';

/**
 * The drivers of a training: the measured ones, then one for each category, except the most frequent one of each categorical driver.
 * @throws InvalidInput for a driver that is not available, and for invalid categories
 */
export async function findAllDrivers(
  options: DriverOptions,
  machine: DeviceRecord,
  { drivers: names, categorical_drivers: categorical }: Pick<BaselineTraining, 'drivers' | 'categorical_drivers'>,
  { start, end }: Window,
): Promise<Driver[]> {
  const isMode = (name: string) => name.startsWith(CALENDAR_PREFIX) || categorical.includes(name);
  const modes = [...new Set([...categorical, ...names.filter(isMode)])];
  const measured = findDrivers(
    options,
    machine,
    [...new Set(names)].filter((name) => !isMode(name)),
  );
  const window = { start, end: Math.max(Math.min(end, options.now()), start + 1) };
  const categories: Driver[] = [];
  for (const name of modes) {
    const source = name.startsWith(CALENDAR_PREFIX)
      ? await findCalendar(options, machine, name)
      : findDrivers(options, machine, [name])[0]!;
    categories.push(...(await categoryDrivers(options, source, window)));
  }
  return [...measured, ...categories];
}

/** Columns that belong to one driver with categories. */
export function categoriesOf(drivers: readonly Driver[]): number[][] {
  const places = [...drivers.keys()].filter((d) => isCategory(drivers[d]!));
  return [...Map.groupBy(places, (d) => drivers[d]!.category!.source).values()];
}

async function findCalendar(
  { calendars }: DriverOptions,
  { siteId }: DeviceRecord,
  name: string,
): Promise<CategorySource> {
  const known = (await calendars.list(siteId)).map(calendarDriver);
  const found = known.find((calendar) => calendar.name === name);
  if (found) return found;
  const detail = `there is no "${name}" at this site; available are ${known.map((one) => one.name).join(', ') || 'none'}`;
  throw new InvalidInput(`categorical_drivers: ${detail}`, { fields: [{ field: 'categorical_drivers', detail }] });
}
