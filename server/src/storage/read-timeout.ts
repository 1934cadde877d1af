import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { z } from 'zod';

/** Defaults for servers and for engines in this process. */
export const SERVER_TIMEOUT_MS = 5_000;
export const EMBEDDED_TIMEOUT_MS = MINUTE_MS;

/** Time without any answer after which a store is not used. */
export const readTimeout = (defaultMs: number) =>
  z
    .number()
    .int()
    .min(100)
    .max(3_600_000)
    .default(defaultMs)
    .describe('The store is not used while it neither answers nor responds to a probe for this long');
