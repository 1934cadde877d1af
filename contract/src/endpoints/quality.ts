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
  summary: 'How good the data of a day are: a score, what is wrong and what to do',
  query: QualityQuery,
  answers: { 200: QualityReport },
  scope: 'read',
});

export const listQualityDays = endpoint({
  method: 'GET',
  path: '/storage/quality/days',
  tag: 'storage',
  summary: 'Scores day by day',
  query: QualityDaysQuery,
  answers: { 200: QualityDays },
  scope: 'read',
});

export const listCounterDecisions = endpoint({
  method: 'GET',
  path: '/storage/quality/counter-decisions',
  tag: 'storage',
  summary: 'What was decided of events of counters',
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
  summary: 'Decide what an event of a counter counts for, or take that back; answers what is decided for the device',
  body: CounterDecisionRequest,
  answers: { 200: Decisions },
  scope: 'admin',
  audit: 'quality.decide_counter',
});

export const previewRepair = endpoint({
  method: 'POST',
  path: '/storage/repairs/preview',
  tag: 'storage',
  summary: 'What a repair of stored samples would do',
  body: RepairRequest,
  answers: { 200: RepairPreview },
  scope: 'admin',
});

export const repairTelemetry = endpoint({
  method: 'POST',
  path: '/storage/repairs',
  tag: 'storage',
  summary: 'Delete, interpolate or correct stored samples; the samples as they were are kept',
  body: RepairRequest,
  answers: { 201: Repair },
  scope: 'admin',
  audit: 'telemetry.repair',
});

export const listRepairs = endpoint({
  method: 'GET',
  path: '/storage/repairs',
  tag: 'storage',
  summary: 'Repairs, newest first, of the newest 200',
  query: ListQuery,
  answers: { 200: RepairPage },
  scope: 'read',
});

export const undoRepair = endpoint({
  method: 'POST',
  path: '/storage/repairs/:id/undo',
  tag: 'storage',
  summary: 'Bring the samples back as they were before a repair',
  params: z.object({ id: z.uuid().meta({ description: 'Id of the repair' }) }),
  answers: { 200: Repair },
  scope: 'admin',
  audit: 'telemetry.undo_repair',
});
