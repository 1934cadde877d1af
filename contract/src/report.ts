import { z } from 'zod';
import { Instant, PageQuery } from './common.ts';
import { DailyReport, EnergyBalance } from './energy.ts';

export const ReportKind = z.enum(['daily', 'weekly', 'monthly']);
export type ReportKind = z.infer<typeof ReportKind>;

export const ReportQuery = PageQuery.extend({
  site_id: z.string().optional(),
  kind: ReportKind.default('daily'),
});
export type ReportQuery = z.infer<typeof ReportQuery>;

const stored = {
  site_id: z.uuid(),
  period: z.string().meta({
    description: 'A day, an ISO 8601 week or a month of the site',
    examples: ['2026-03-29', '2026-W13', '2026-03'],
  }),
  created_at: Instant,
};

/** A report that was made when its period had ended, and is kept as it was. */
export const StoredReport = z
  .discriminatedUnion('kind', [
    z.object({ ...stored, kind: z.literal('daily'), content: DailyReport }),
    z.object({ ...stored, kind: z.literal('weekly'), content: EnergyBalance }),
    z.object({ ...stored, kind: z.literal('monthly'), content: EnergyBalance }),
  ])
  .meta({ id: 'StoredReport' });
export type StoredReport = z.infer<typeof StoredReport>;
