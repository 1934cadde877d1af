import { z } from 'zod';
import { Instant, PageQuery } from '../common.ts';
import { SiteId, SiteQuery } from '../fields.ts';
import { DailyReport, EnergyBalance } from './energy.ts';

export const ReportKind = z.enum(['daily', 'weekly', 'monthly']);
export type ReportKind = z.infer<typeof ReportKind>;

export const ReportQuery = PageQuery.extend({
  site_id: SiteQuery,
  kind: ReportKind.default('daily').meta({ description: 'Reports of days, weeks or months' }),
});
export type ReportQuery = z.infer<typeof ReportQuery>;

const stored = {
  site_id: SiteId,
  period: z.string().meta({
    description: 'A day, an ISO 8601 week or a month of the site',
    examples: ['2026-03-29', '2026-W13', '2026-03'],
  }),
  created_at: Instant.meta({ description: 'When the report was created' }),
};

/** A report that is created at the end of its period and stored unchanged. */
export const StoredReport = z
  .discriminatedUnion('kind', [
    z.object({
      ...stored,
      kind: z.literal('daily').meta({ description: 'Report of a day' }),
      content: DailyReport.meta({ description: 'Contents of the daily report' }),
    }),
    z.object({
      ...stored,
      kind: z.literal('weekly').meta({ description: 'Report of a week' }),
      content: EnergyBalance.meta({ description: 'Energy balance of the week' }),
    }),
    z.object({
      ...stored,
      kind: z.literal('monthly').meta({ description: 'Report of a month' }),
      content: EnergyBalance.meta({ description: 'Energy balance of the month' }),
    }),
  ])
  .meta({ id: 'StoredReport', description: 'Report of a past period, stored unchanged' });
export type StoredReport = z.infer<typeof StoredReport>;
