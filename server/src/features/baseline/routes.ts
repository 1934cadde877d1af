import {
  ActivationQuery,
  BaselineModel,
  BaselineModelsQuery,
  BaselineTraining,
  TrainedBaseline,
} from '@wattkeeper/contract/analytics/baseline.ts';
import {
  Adjustment,
  AdjustmentRequest,
  Deviation,
  DeviationQuery,
  Prediction,
  PredictionQuery,
} from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import { Drivers, DriversQuery } from '@wattkeeper/contract/analytics/baseline-drivers.ts';
import { pageOf } from '@wattkeeper/contract/common.ts';
import { EntryId } from '@wattkeeper/contract/fields.ts';
import { Job } from '@wattkeeper/contract/job.ts';
import { z } from 'zod';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { AuditLog } from '../../storage/records/accounts/audit-log.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { AdjustmentService } from './adjustments/service.ts';
import type { BaselineService } from './service.ts';
import { TRAINING_JOB, type Trainings } from './trainings.ts';

export interface BaselineRoutesOptions {
  readonly service: BaselineService;
  readonly trainings: Trainings;
  readonly adjustments: AdjustmentService;
  readonly scheduler: Scheduler;
  readonly auditLog: AuditLog;
}

const schema = { tags: ['baseline'] };

/** `/baseline/train`, `/baseline/deviation`, `/baseline/predict`, `/baseline/models`, `/baseline/model/{id}`, `/baseline/drivers`. */
export function baselineRoutes(api: Api, options: BaselineRoutesOptions): void {
  trainingRoutes(api, options);
  modelRoutes(api, options);
  questionRoutes(api, options.service);
  adjustmentRoutes(api, options);
}

function trainingRoutes(api: Api, { trainings, scheduler, auditLog }: BaselineRoutesOptions): void {
  api.post(
    '/baseline/train',
    {
      schema: {
        ...schema,
        summary: 'Train the next version of a machine’s baseline',
        description: 'Answers a job when it takes more than 5 s, and at once with the header Prefer: respond-async.',
        body: BaselineTraining,
        response: { 200: TrainedBaseline, 202: Job },
      },
      config: { scope: 'write' },
    },
    async (request, reply) => {
      const { headers, body } = request;
      const audit = (target: string, detail: string) =>
        auditLog.append({ actor: callerOf(request).name, action: 'baseline.train', target, detail });
      const isAsync = String(headers.prefer ?? '').includes('respond-async');
      const answer = isAsync
        ? { job: await scheduler.run(TRAINING_JOB, callerOf(request), body) }
        : await trainings.train(body, (params) => scheduler.run(TRAINING_JOB, callerOf(request), params));
      if ('job' in answer) {
        await audit(body.machine_id, `job ${answer.job.id}`);
        return reply.status(202).send(toJob(answer.job));
      }
      const { trained } = answer;
      await audit(
        trained.machine_name,
        `version ${trained.model_version}${trained.is_active ? ', in use' : ', not in use'}`,
      );
      return trained;
    },
  );
}

function modelRoutes(api: Api, { service, auditLog }: BaselineRoutesOptions): void {
  const params = z.object({ id: EntryId.meta({ description: 'Id of a version of a baseline' }) });
  api.post(
    '/baseline/model/:id/activate',
    {
      schema: {
        ...schema,
        summary: 'Activate a version',
        description: 'One with suspicious_drivers needs confirm_suspicious=true; 409 says why.',
        params,
        querystring: ActivationQuery,
        response: { 200: BaselineModel },
      },
      config: { scope: 'write' },
    },
    async (request) => {
      const model = await service.activate(request.params.id, request.query.confirm_suspicious);
      const detail = `version ${model.model_version}`;
      await auditLog.append({
        actor: callerOf(request).name,
        action: 'baseline.activate',
        target: model.machine_name,
        detail,
      });
      return model;
    },
  );
  api.get(
    '/baseline/model/:id',
    {
      schema: { ...schema, summary: 'One version', params, response: { 200: BaselineModel } },
      config: { scope: 'read' },
    },
    async (request) => service.model(request.params.id),
  );
}

function questionRoutes(api: Api, service: BaselineService): void {
  api.get(
    '/baseline/models',
    {
      schema: {
        ...schema,
        summary: 'Versions of a machine, newest first',
        querystring: BaselineModelsQuery,
        response: { 200: pageOf(BaselineModel) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => pageOfList(await service.models(query.machine_id), query, ({ model_id }) => model_id),
  );
  api.get(
    '/baseline/deviation',
    {
      schema: {
        ...schema,
        summary: 'Actual against predicted energy',
        querystring: DeviationQuery,
        response: { 200: Deviation },
      },
      config: { scope: 'read', partial: true },
    },
    async ({ query }) => service.deviation(query),
  );
  api.get(
    '/baseline/predict',
    {
      schema: {
        ...schema,
        summary: 'Energy of an hour under given conditions',
        querystring: PredictionQuery,
        response: { 200: Prediction },
      },
      config: { scope: 'read' },
    },
    async ({ query: { machine_id, ...given } }) => service.predict(machine_id, given),
  );
  api.get(
    '/baseline/drivers',
    {
      schema: {
        ...schema,
        summary: 'Possible drivers of a machine’s energy, with a suggestion',
        querystring: DriversQuery,
        response: { 200: Drivers },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => service.drivers(query),
  );
}

function adjustmentRoutes(api: Api, { adjustments, auditLog }: BaselineRoutesOptions): void {
  const audit = (actor: string, action: string, { machine_id: target, start, end, kwh, reason }: Adjustment) => {
    const detail = `${start} to ${end}: ${kwh === null ? 'left out' : `${kwh} kWh`}, ${reason}`;
    return auditLog.append({ actor, action, target, detail });
  };
  api.get(
    '/baseline/adjustments',
    {
      schema: {
        ...schema,
        summary: 'Non-routine adjustments of a machine, by start',
        querystring: BaselineModelsQuery,
        response: { 200: pageOf(Adjustment) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => pageOfList(await adjustments.list(query.machine_id), query, ({ id }) => id),
  );
  api.post(
    '/baseline/adjustments',
    {
      schema: {
        ...schema,
        summary: 'Add a non-routine adjustment',
        description: 'Trainings do not learn it, and deviations do not count it.',
        body: AdjustmentRequest,
        response: { 201: Adjustment },
      },
      config: { scope: 'write' },
    },
    async (request, reply) => {
      const { name } = callerOf(request);
      const added = await adjustments.add(request.body, name);
      await audit(name, 'baseline.adjust', added);
      return reply.status(201).send(added);
    },
  );
  api.delete(
    '/baseline/adjustments/:id',
    {
      schema: {
        ...schema,
        summary: 'Remove an adjustment',
        params: z.object({ id: EntryId.meta({ description: 'Id of the adjustment' }) }),
        response: { 204: z.null() },
      },
      config: { scope: 'write' },
    },
    async (request, reply) => {
      await audit(callerOf(request).name, 'baseline.adjustment_remove', await adjustments.remove(request.params.id));
      return reply.status(204).send(null);
    },
  );
}
