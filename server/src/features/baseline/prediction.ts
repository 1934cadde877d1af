import { parseInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { type CategoryDriver, isCalendar, isCategory } from './categories.ts';
import { type DriverOptions, driverColumns } from './driver-loader.ts';
import type { StoredModel } from './stored-model.ts';

/** Maximum value of a driver; no sensor measures more. */
const MAX_VALUE = 1e12;

/** The instant, and the value of each driver of a model, then of its temperature. The category of a calendar follows from the instant. */
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
    const chosen = ownValue(given, driver.category.source);
    values.push(
      chosen === undefined && isCalendar(driver) ? await shareAt(options, driver, at) : shareOf(driver, chosen),
    );
  }
  return { at, values };
}

/** 1 for the given category, 0 for another one. */
function shareOf({ category: { source, value, among } }: CategoryDriver, chosen: unknown): number {
  if (chosen !== undefined && among.includes(String(chosen))) return String(chosen) === value ? 1 : 0;
  throw invalid(source, `must be one of ${among.join(', ')}; got ${JSON.stringify(chosen) ?? 'nothing'}`);
}

async function shareAt(options: DriverOptions, driver: CategoryDriver, at: number): Promise<number> {
  const [column] = await driverColumns(options, [driver], Float64Array.of(at, at + HOUR_MS));
  const share = column![0]!;
  if (Number.isNaN(share))
    throw invalid(driver.category.source, 'has a category at that time that does not occur in the training');
  return Math.round(share);
}

function conditionOf(given: unknown, name: string): number {
  const value =
    typeof given === 'number' ? given : typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN;
  if (Math.abs(value) <= MAX_VALUE) return value;
  throw invalid(
    name,
    given === undefined
      ? 'is missing; the model requires it'
      : `must be a number of at most ${MAX_VALUE} in size; got ${JSON.stringify(given)}`,
  );
}

function invalid(name: string, detail: string): InvalidInput {
  return new InvalidInput(`${name} ${detail}`, { fields: [{ field: name, detail }] });
}
