import { parseInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { type CategoryDriver, isCalendar, isCategory } from './categories.ts';
import { type DriverOptions, driverColumns } from './driver-loader.ts';
import type { StoredModel } from './stored-model.ts';

/** Greater values of drivers are none that anything measures. */
const MAX_VALUE = 1e12;

/** When, and the value of each driver of a model, then of its temperature. Calendars know their category. */
export async function givenConditions(
  options: DriverOptions,
  { drivers, temperature }: StoredModel,
  given: Readonly<Record<string, unknown>>,
): Promise<{ at: number; values: number[] }> {
  const at = typeof given.at === 'string' ? parseInstant(given.at) : options.now();
  const needed = [...drivers, ...(temperature ? [temperature] : [])];
  const values: number[] = [];
  for (const driver of needed) {
    if (!isCategory(driver)) {
      const { name, metric } = driver;
      values.push(conditionOf(ownValue(given, name) ?? ownValue(given, metric), name));
      continue;
    }
    const wanted = ownValue(given, driver.category.source);
    values.push(
      wanted === undefined && isCalendar(driver) ? await shareAt(options, driver, at) : shareOf(driver, wanted),
    );
  }
  return { at, values };
}

/** 1 for the category that is given, 0 for another one. */
function shareOf({ category: { source, value, among } }: CategoryDriver, wanted: unknown): number {
  if (wanted !== undefined && among.includes(String(wanted))) return String(wanted) === value ? 1 : 0;
  throw invalid(source, `must be one of ${among.join(', ')}; got ${JSON.stringify(wanted) ?? 'nothing'}`);
}

async function shareAt(options: DriverOptions, driver: CategoryDriver, at: number): Promise<number> {
  const [column] = await driverColumns(options, [driver], Float64Array.of(at, at + HOUR_MS));
  const share = column![0]!;
  if (Number.isNaN(share)) throw invalid(driver.category.source, 'has a category then that the training did not see');
  return Math.round(share);
}

function conditionOf(given: unknown, name: string): number {
  const value =
    typeof given === 'number' ? given : typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN;
  if (Math.abs(value) <= MAX_VALUE) return value;
  throw invalid(
    name,
    given === undefined
      ? 'is missing: the model needs it'
      : `must be a number of at most ${MAX_VALUE} in size; got ${JSON.stringify(given)}`,
  );
}

function invalid(name: string, detail: string): InvalidInput {
  return new InvalidInput(`${name} ${detail}`, { fields: [{ field: name, detail }] });
}
