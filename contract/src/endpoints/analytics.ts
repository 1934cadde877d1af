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
  summary: 'Current values, today and yesterday of a site',
  query: SummaryQuery,
  answers: { 200: SiteSummary },
  scope: 'read',
  partial: true,
});

export const getDailyReport = endpoint({
  method: 'GET',
  path: '/analytics/daily-report',
  tag: 'analytics',
  summary: 'Energy, cost and peaks of a day of a site',
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
    'Energy flows are allocated per quarter hour: solar supplies the load, then the battery, then the grid; the battery supplies the remaining load, then the grid; grid import supplies the remaining load, then the battery.',
  query: EnergyBalanceQuery,
  answers: { 200: EnergyBalance },
  scope: 'read',
  partial: true,
});

export const listReports = endpoint({
  method: 'GET',
  path: '/analytics/reports',
  tag: 'analytics',
  summary: 'Reports of past days, weeks or months, newest first',
  query: ReportQuery,
  answers: { 200: pageOf(StoredReport) },
  scope: 'read',
});
