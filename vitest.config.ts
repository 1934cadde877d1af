import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { defineConfig } from 'vitest/config';

/** Limits only end tests that hang, also on slow and busy machines: no test sets its own, and no test asserts a time. */
const LIMITS = {
  testTimeout: 10 * MINUTE_MS,
  hookTimeout: 10 * MINUTE_MS,
  expect: { poll: { timeout: 3 * MINUTE_MS } },
};

// biome-ignore lint/style/noDefaultExport: Vitest reads its configuration from the default export
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'server',
          setupFiles: ['server/src/config/engine.ts', 'server/test/property-seed.setup.ts'],
          include: [
            'contract/src/**/*.test.ts',
            'server/src/**/*.test.ts',
            'server/test/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          ...LIMITS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'web',
          setupFiles: ['server/test/property-seed.setup.ts'],
          include: ['web/src/**/*.test.{ts,tsx}'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Browser journeys measure what a person sees, so nothing else runs beside them.
        test: {
          name: 'e2e',
          include: ['web/e2e/**/*.test.ts'],
          fileParallelism: false,
          ...LIMITS,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
