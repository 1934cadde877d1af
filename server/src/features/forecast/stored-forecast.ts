import { z } from 'zod';
import { CANDIDATES, type CandidateName } from '../../analytics/forecast/candidates.ts';
import type { Contest } from '../../analytics/forecast/contest.ts';
import { LEVELS } from '../../analytics/forecast/intervals.ts';

const Name = z.enum(Object.keys(CANDIDATES) as [CandidateName, ...CandidateName[]]);
const Level = z.literal(LEVELS);
const Numbers = z.array(z.number());

/** The stored back-test results of a series. */
const StoredContest = z.object({
  contest: z.object({
    best: Name,
    naive: z.object({ candidate: Name, mae: z.number() }),
    accuracy: z.object({
      samples: z.number(),
      mae: z.number(),
      mape: z.number().nullable(),
      mase: z.number().nullable(),
      bias: z.number(),
      coverage: z.array(z.object({ level: Level, share: z.number() })),
      peak: z.object({ hitRate: z.number(), mae: z.number() }),
    }),
    skill: z.number(),
    calibration: z.object({
      scale: Numbers,
      typical: z.number(),
      bounds: z.array(z.object({ level: Level, lower: Numbers, upper: Numbers })),
    }),
    origins: z.number(),
    entries: z.array(z.object({ candidate: Name, mae: z.number().nullable(), reason: z.string().nullable() })),
  }) satisfies z.ZodType<Contest>,
  thorough: z.boolean(),
});
export interface StoredContest {
  readonly contest: Contest;
  /** Whether all models took part in all back-tests. */
  readonly thorough: boolean;
}

/** A stored forecast. */
const StoredForecast = z.object({
  model: Name,
  /** Epoch milliseconds at which each slot starts. */
  starts: Numbers,
  kw: Numbers,
  /** Slots at times of day without readings: their power is not forecast. */
  silent: z.array(z.boolean()),
  /** Measured power of the slots before; null if unknown. */
  before: z.array(z.object({ start: z.number(), kw: z.number().nullable() })),
  bands: z.array(z.object({ level: Level, lower: Numbers, upper: Numbers })),
});
export type StoredForecast = z.infer<typeof StoredForecast>;

/** Null for the format of an earlier version: it is made again. */
export function storedContest(content: unknown): StoredContest | null {
  return StoredContest.safeParse(content).data ?? null;
}

export function storedForecast(content: unknown): StoredForecast | null {
  return StoredForecast.safeParse(content).data ?? null;
}
