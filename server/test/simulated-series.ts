import type { Simulator } from '../src/sources/simulator/simulator.ts';

/** One simulated metric. */
export interface SimulatedSeries {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** Runs a simulator up to `until` and answers a lookup by device key and metric; a metric that nobody reports is an error. */
export function simulate(simulator: Simulator, until: number): (device: string, metric: string) => SimulatedSeries {
  const growing = new Map<string, { timestamps: number[]; values: number[] }>();
  while (simulator.time < until) {
    for (const { group, quantities, devices, device, timestamps, columns } of simulator.advance(until)) {
      quantities.forEach((quantity, c) => {
        const lists = devices.map((key) => {
          const name = `${key} ${group}.${quantity}`;
          const list = growing.get(name) ?? { timestamps: [], values: [] };
          growing.set(name, list);
          return list;
        });
        for (let row = 0; row < timestamps.length; row++) {
          const value = columns[c]![row]!;
          if (value !== value) continue;
          const list = lists[device[row]!]!;
          list.timestamps.push(timestamps[row]!);
          list.values.push(value);
        }
      });
    }
  }
  const found = new Map(
    [...growing].map(([name, { timestamps, values }]) => [
      name,
      { timestamps: Float64Array.from(timestamps), values: Float64Array.from(values) },
    ]),
  );
  return (device, metric) => {
    const series = found.get(`${device} ${metric}`);
    if (series === undefined) throw new Error(`${device} reports no ${metric}; known: ${[...found.keys()].join(', ')}`);
    return series;
  };
}

export const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
export const mean = (values: ArrayLike<number>) => sum(values) / values.length;
