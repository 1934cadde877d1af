import { z } from 'zod';
import {
  Anomaly,
  AnomalyChange,
  AnomalyComment,
  AnomalyDetail,
  AnomalyDetection,
  AnomalyLabelling,
  AnomalyList,
  AnomalyPage,
  AnomalyQuery,
  DetectedAnomalies,
  RecentAnomaliesQuery,
} from '../analytics/anomaly.ts';
import { endpoint } from '../endpoint.ts';
import { EntryId } from '../fields.ts';

const AnomalyParams = z.object({ id: EntryId.meta({ description: 'Id of the anomaly' }) });

export const detectAnomalies = endpoint({
  method: 'POST',
  path: '/anomaly/detect',
  tag: 'anomaly',
  summary: 'Search a window of a device for anomalies, and store them',
  body: AnomalyDetection,
  answers: { 200: DetectedAnomalies },
  scope: 'write',
});

export const listRecentAnomalies = endpoint({
  method: 'GET',
  path: '/anomaly/recent',
  tag: 'anomaly',
  summary: 'Anomalies of the last 24 hours, newest first',
  query: RecentAnomaliesQuery,
  answers: { 200: AnomalyList },
  scope: 'read',
});

export const listActiveAnomalies = endpoint({
  method: 'GET',
  path: '/anomaly/active',
  tag: 'anomaly',
  summary: 'Unresolved anomalies, newest first',
  query: RecentAnomaliesQuery,
  answers: { 200: AnomalyList },
  scope: 'read',
});

export const listAnomalies = endpoint({
  method: 'GET',
  path: '/anomaly',
  tag: 'anomaly',
  summary: 'Anomalies, newest first',
  query: AnomalyQuery,
  answers: { 200: AnomalyPage },
  scope: 'read',
});

export const getAnomaly = endpoint({
  method: 'GET',
  path: '/anomaly/:id',
  tag: 'anomaly',
  summary: 'One anomaly, with its comments and the expected values around it',
  params: AnomalyParams,
  answers: { 200: AnomalyDetail },
  scope: 'read',
});

export const resolveAnomaly = endpoint({
  method: 'PUT',
  path: '/anomaly/:id/resolve',
  tag: 'anomaly',
  summary: 'Resolve an anomaly',
  params: AnomalyParams,
  body: AnomalyChange.nullish(),
  answers: { 200: Anomaly },
  scope: 'write',
  audit: 'anomaly.resolve',
});

export const reopenAnomaly = endpoint({
  method: 'PUT',
  path: '/anomaly/:id/reopen',
  tag: 'anomaly',
  summary: 'Reopen an anomaly',
  params: AnomalyParams,
  body: AnomalyChange.nullish(),
  answers: { 200: Anomaly },
  scope: 'write',
  audit: 'anomaly.reopen',
});

export const labelAnomaly = endpoint({
  method: 'PUT',
  path: '/anomaly/:id/label',
  tag: 'anomaly',
  summary: 'Label an anomaly as right or wrong: labels adjust the limit above which similar events are reported',
  params: AnomalyParams,
  body: AnomalyLabelling,
  answers: { 200: Anomaly },
  scope: 'write',
  audit: 'anomaly.label',
});

export const commentAnomaly = endpoint({
  method: 'POST',
  path: '/anomaly/:id/comments',
  tag: 'anomaly',
  summary: 'Add a comment',
  params: AnomalyParams,
  body: AnomalyComment,
  answers: { 200: Anomaly },
  scope: 'write',
  audit: 'anomaly.comment',
});
