import {
  DailyReport,
  DailyReportQuery,
  EnergyBalance,
  EnergyBalanceQuery,
  SiteSummary,
  SummaryQuery,
} from '../analytics/energy.ts';
import { ReportQuery, StoredReport } from '../analytics/report.ts';
import { pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';

export const getSummary = endpoint({
  method: 'GET',
  path: '/analytics/summary',
  tag: 'analytics',
  summary: 'A site now, today and yesterday',
  query: SummaryQuery,
  answers: { 200: SiteSummary },
  scope: 'read',
  partial: true,
});

export const getDailyReport = endpoint({
  method: 'GET',
  path: '/analytics/daily-report',
  tag: 'analytics',
  summary: "Energy, cost and peaks of one of the site's days",
  query: DailyReportQuery,
  answers: { 200: DailyReport },
  scope: 'read',
  partial: true,
});

export const getEnergyBalance = endpoint({
  method: 'GET',
  path: '/analytics/energy-balance',
  tag: 'analytics',
  summary: 'Energy between solar, battery, grid and load, by period',
  description:
    'Where energy went is allocated by quarter hour: solar serves the load, then the battery, then the grid; the battery serves the load that is left, then the grid; what is bought serves the load that is left, then the battery.',
  query: EnergyBalanceQuery,
  answers: { 200: EnergyBalance },
  scope: 'read',
  partial: true,
});

export const listReports = endpoint({
  method: 'GET',
  path: '/analytics/reports',
  tag: 'analytics',
  summary: 'Reports of days, weeks or months that have ended, newest first',
  query: ReportQuery,
  answers: { 200: pageOf(StoredReport) },
  scope: 'read',
});
