import { z } from 'zod';
import { ListQuery, pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import {
  CounterDecision,
  CounterDecisionRequest,
  QualityDays,
  QualityDaysQuery,
  QualityQuery,
  QualityReport,
} from '../storage/quality.ts';
import { Repair, RepairPage, RepairPreview, RepairRequest } from '../storage/repair.ts';

const Decisions = pageOf(CounterDecision);

export const getQuality = endpoint({
  method: 'GET',
  path: '/storage/quality',
  tag: 'storage',
  summary: 'Data quality of a day: a score, findings and advice',
  query: QualityQuery,
  answers: { 200: QualityReport },
  scope: 'read',
});

export const listQualityDays = endpoint({
  method: 'GET',
  path: '/storage/quality/days',
  tag: 'storage',
  summary: 'Daily scores',
  query: QualityDaysQuery,
  answers: { 200: QualityDays },
  scope: 'read',
});

export const listCounterDecisions = endpoint({
  method: 'GET',
  path: '/storage/quality/counter-decisions',
  tag: 'storage',
  summary: 'Decisions on counter events',
  query: ListQuery.extend({
    device_id: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'Id or name of a device', examples: ['main-meter'] }),
  }),
  answers: { 200: Decisions },
  scope: 'read',
});

export const decideCounter = endpoint({
  method: 'PUT',
  path: '/storage/quality/counter-decisions',
  tag: 'storage',
  summary:
    'Decide the growth that a counter event counts for, or revoke the decision; returns the decisions of the device',
  body: CounterDecisionRequest,
  answers: { 200: Decisions },
  scope: 'admin',
  audit: 'quality.decide_counter',
});

export const previewRepair = endpoint({
  method: 'POST',
  path: '/storage/repairs/preview',
  tag: 'storage',
  summary: 'Preview a repair of stored samples',
  body: RepairRequest,
  answers: { 200: RepairPreview },
  scope: 'admin',
});

export const repairTelemetry = endpoint({
  method: 'POST',
  path: '/storage/repairs',
  tag: 'storage',
  summary: 'Delete, interpolate or correct stored samples; the original samples are retained',
  body: RepairRequest,
  answers: { 201: Repair },
  scope: 'admin',
  audit: 'telemetry.repair',
});

export const listRepairs = endpoint({
  method: 'GET',
  path: '/storage/repairs',
  tag: 'storage',
  summary: 'The newest 200 repairs, newest first',
  query: ListQuery,
  answers: { 200: RepairPage },
  scope: 'read',
});

export const undoRepair = endpoint({
  method: 'POST',
  path: '/storage/repairs/:id/undo',
  tag: 'storage',
  summary: 'Undo a repair: restore the original samples',
  params: z.object({ id: z.uuid().meta({ description: 'Id of the repair' }) }),
  answers: { 200: Repair },
  scope: 'admin',
  audit: 'telemetry.undo_repair',
});
