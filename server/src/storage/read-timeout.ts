import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { z } from 'zod';

/** Defaults for servers and for engines in this process. */
export const SERVER_TIMEOUT_MS = 5_000;
export const EMBEDDED_TIMEOUT_MS = MINUTE_MS;

/** How long a store may show no activity before it is not used. */
export const readTimeout = (defaultMs: number) =>
  z
    .number()
    .int()
    .min(100)
    .max(3_600_000)
    .default(defaultMs)
    .describe('While it neither answers nor shows that it is alive for this long, the store is not used');
