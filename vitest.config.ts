import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;
/** What is waited for may take long where other programs keep the machine busy; the time that it takes is asserted nowhere. */
const expectation = { poll: { timeout: 20_000 } };

// biome-ignore lint/style/noDefaultExport: Vitest reads its configuration from the default export
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'server',
          setupFiles: ['server/src/config/engine.ts'],
          include: [
            'contract/src/**/*.test.ts',
            'server/src/**/*.test.ts',
            'server/test/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          testTimeout: MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
          expect: expectation,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'web',
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
          testTimeout: 2 * MINUTE_MS,
          expect: expectation,
          hookTimeout: 3 * MINUTE_MS,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
