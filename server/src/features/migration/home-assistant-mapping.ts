import { GivenName } from '@wattkeeper/contract/common.ts';
import { isMetricName } from '@wattkeeper/contract/metric.ts';
import { byName } from '@wattkeeper/contract/named-record.ts';
import { z } from 'zod';
import { parseAs } from './mapping-file.ts';
import { proposeMetric, type Statistic } from './statistic-proposal.ts';

const Entry = z.strictObject({
  device: GivenName,
  metric: z.string().refine(isMetricName, 'must be named group.quantity, such as load.power_kw'),
  unit: z.string().optional().describe("Unit of the statistic; the metric's own by default"),
  scale: z.number().default(1).describe('Multiplies the value, before the unit is converted; -1 inverts its sign'),
  value: z
    .enum(['mean', 'min', 'max', 'state', 'sum'])
    .optional()
    .describe(
      'Column; default: mean, or for counters sum, moved to the last reading of the meter, or state where there is no sum',
    ),
});
export type Entry = z.infer<typeof Entry>;

/** The mapping from statistics to metrics; null excludes a statistic. */
const StatisticsMapping = z.strictObject({ statistics: byName(Entry.nullable()) });
export type StatisticsMapping = z.infer<typeof StatisticsMapping>;

/** Throws InvalidInput with every error at once. */
export function parseStatisticsMapping(text: string): StatisticsMapping {
  return parseAs(StatisticsMapping, text);
}

/** The device of statistics about the whole site. */
const PLACE = 'Home';

/**
 * A mapping of all statistics whose meaning is recognised. Each metric occurs once per device: the shortest id has precedence, the others
 * become separate devices with their display names.
 * @param repeated ids of counters whose energy is already included in others: they are excluded
 */
export function proposeMapping(
  statistics: readonly Statistic[],
  place = PLACE,
  repeated: ReadonlySet<string> = new Set(),
): StatisticsMapping {
  const taken = new Set<string>();
  const proposed = new Map<string, Entry | null>();
  const shortestFirst = [...statistics].sort((a, b) => a.id.length - b.id.length || (a.id < b.id ? -1 : 1));
  for (const statistic of shortestFirst) {
    const proposal = repeated.has(statistic.id) ? null : proposeMetric(statistic);
    if (proposal === null) {
      proposed.set(statistic.id, null);
      continue;
    }
    const { metric, unit, ofPlace } = proposal;
    const own = statistic.name?.trim() || statistic.id.replace(/^[^.:]*[.:]/, '');
    const names = [...(ofPlace ? [place] : []), own, statistic.id].map((name) => name.slice(0, 200));
    const device = names.find((name) => !taken.has(`${metric} ${name}`)) ?? statistic.id;
    taken.add(`${metric} ${device}`);
    proposed.set(statistic.id, { device, metric, unit, scale: 1 });
  }
  return { statistics: Object.fromEntries([...proposed].sort(([a], [b]) => (a < b ? -1 : 1))) };
}
