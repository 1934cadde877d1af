import { z } from 'zod';
import {
  ActivationQuery,
  BaselineModel,
  BaselineModelsQuery,
  BaselineTraining,
  TrainedBaseline,
} from '../analytics/baseline.ts';
import {
  Adjustment,
  AdjustmentRequest,
  Deviation,
  DeviationQuery,
  Prediction,
  PredictionQuery,
} from '../analytics/baseline-deviation.ts';
import { Drivers, DriversQuery } from '../analytics/baseline-drivers.ts';
import { Calendar, CalendarCreate, CalendarPatch, CalendarsQuery } from '../analytics/calendar.ts';
import { pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { EntryId } from '../fields.ts';
import { Job } from '../job.ts';

const ModelParams = z.object({ id: EntryId.meta({ description: 'Id of a version of a baseline' }) });
const CalendarParams = z.object({ id: z.uuid().meta({ description: 'Id of a calendar' }) });

export const trainBaseline = endpoint({
  method: 'POST',
  path: '/baseline/train',
  tag: 'baseline',
  summary: 'Train the next version of a machine’s baseline',
  description:
    'Returns a job if the training takes more than 5 s, or immediately with the header Prefer: respond-async.',
  body: BaselineTraining,
  answers: { 200: TrainedBaseline, 202: Job },
  scope: 'write',
});

export const activateBaseline = endpoint({
  method: 'POST',
  path: '/baseline/model/:id/activate',
  tag: 'baseline',
  summary: 'Activate a version',
  description: 'A version with suspicious_drivers requires confirm_suspicious=true; 409 gives the reason.',
  params: ModelParams,
  query: ActivationQuery,
  answers: { 200: BaselineModel },
  scope: 'write',
});

export const getBaseline = endpoint({
  method: 'GET',
  path: '/baseline/model/:id',
  tag: 'baseline',
  summary: 'One version',
  params: ModelParams,
  answers: { 200: BaselineModel },
  scope: 'read',
});

export const listBaselines = endpoint({
  method: 'GET',
  path: '/baseline/models',
  tag: 'baseline',
  summary: 'Versions of a machine, newest first',
  query: BaselineModelsQuery,
  answers: { 200: pageOf(BaselineModel) },
  scope: 'read',
});

export const getDeviation = endpoint({
  method: 'GET',
  path: '/baseline/deviation',
  tag: 'baseline',
  summary: 'Actual against predicted energy',
  query: DeviationQuery,
  answers: { 200: Deviation },
  scope: 'read',
  partial: true,
});

export const predictEnergy = endpoint({
  method: 'GET',
  path: '/baseline/predict',
  tag: 'baseline',
  summary: 'Energy of an hour under given conditions',
  query: PredictionQuery,
  answers: { 200: Prediction },
  scope: 'read',
});

export const listDrivers = endpoint({
  method: 'GET',
  path: '/baseline/drivers',
  tag: 'baseline',
  summary: 'Possible drivers of a machine’s energy, with a suggestion',
  query: DriversQuery,
  answers: { 200: Drivers },
  scope: 'read',
});

export const listAdjustments = endpoint({
  method: 'GET',
  path: '/baseline/adjustments',
  tag: 'baseline',
  summary: 'Non-routine adjustments of a machine, by start',
  query: BaselineModelsQuery,
  answers: { 200: pageOf(Adjustment) },
  scope: 'read',
});

export const addAdjustment = endpoint({
  method: 'POST',
  path: '/baseline/adjustments',
  tag: 'baseline',
  summary: 'Add a non-routine adjustment',
  description: 'Trainings exclude it, and deviations are corrected by it.',
  body: AdjustmentRequest,
  answers: { 201: Adjustment },
  scope: 'write',
});

export const removeAdjustment = endpoint({
  method: 'DELETE',
  path: '/baseline/adjustments/:id',
  tag: 'baseline',
  summary: 'Remove an adjustment',
  params: z.object({ id: EntryId.meta({ description: 'Id of the adjustment' }) }),
  answers: { 204: z.null() },
  scope: 'write',
});

export const listCalendars = endpoint({
  method: 'GET',
  path: '/baseline/calendars',
  tag: 'baseline',
  summary: 'Calendars by name',
  query: CalendarsQuery,
  answers: { 200: pageOf(Calendar) },
  scope: 'read',
});

export const createCalendar = endpoint({
  method: 'POST',
  path: '/baseline/calendars',
  tag: 'baseline',
  summary: 'Create a calendar',
  body: CalendarCreate,
  answers: { 201: Calendar },
  scope: 'write',
  audit: 'calendar.create',
});

export const changeCalendar = endpoint({
  method: 'PATCH',
  path: '/baseline/calendars/:id',
  tag: 'baseline',
  summary: 'Change a calendar: affects baselines from then on, also for past days',
  params: CalendarParams,
  body: CalendarPatch,
  answers: { 200: Calendar },
  scope: 'write',
  audit: 'calendar.change',
});

export const removeCalendar = endpoint({
  method: 'DELETE',
  path: '/baseline/calendars/:id',
  tag: 'baseline',
  summary: 'Remove a calendar',
  params: CalendarParams,
  answers: { 204: z.null() },
  scope: 'write',
  audit: 'calendar.remove',
});
