import { z } from 'zod';
import { ListQuery, pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { Health, HealthStatus, SourceHealth } from '../service.ts';

export const getHealth = endpoint({
  method: 'GET',
  path: '/health',
  root: true,
  tag: 'service',
  summary: 'State of the service; detailed for signed-in callers',
  answers: { 200: z.union([Health, HealthStatus]), 503: z.union([Health, HealthStatus]) },
  scope: 'public',
  details: true,
});

export const getReadiness = endpoint({
  method: 'GET',
  path: '/health/ready',
  root: true,
  tag: 'service',
  summary: '200 when requests are served',
  answers: {
    200: z.object({
      ready: z.literal(true).meta({ description: 'Always true: requests are served' }),
    }),
  },
  scope: 'public',
});

export const getPrometheusMetrics = endpoint({
  method: 'GET',
  path: '/metrics',
  root: true,
  tag: 'service',
  summary: 'Metrics for Prometheus',
  answers: { 200: { description: 'Text', content: { 'text/plain': { schema: z.string() } } } },
  scope: 'read',
});

export const listSources = endpoint({
  method: 'GET',
  path: '/sources',
  tag: 'service',
  summary: 'Sources of readings',
  query: ListQuery,
  answers: { 200: pageOf(SourceHealth) },
  scope: 'read',
});
