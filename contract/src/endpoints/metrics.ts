import { ListQuery, pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { Metric, MetricRegistration } from '../metric.ts';

export const listMetrics = endpoint({
  method: 'GET',
  path: '/metrics-catalogue',
  tag: 'metrics',
  summary: 'Metrics with unit, kind, limits and sign',
  query: ListQuery,
  answers: { 200: pageOf(Metric) },
  scope: 'read',
});

export const registerMetric = endpoint({
  method: 'POST',
  path: '/metrics-catalogue',
  tag: 'metrics',
  summary: 'Describe a custom metric',
  body: MetricRegistration,
  answers: { 201: Metric },
  scope: 'write',
  audit: 'metric.register',
});
