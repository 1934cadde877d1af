import { TrainedBaseline } from '@wattkeeper/contract/analytics/baseline.ts';
import type { Adjustment } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import {
  activateBaseline,
  addAdjustment,
  getBaseline,
  getDeviation,
  listAdjustments,
  listBaselines,
  listDrivers,
  predictEnergy,
  removeAdjustment,
  trainBaseline,
} from '@wattkeeper/contract/endpoints/baseline.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { AuditLog } from '../../storage/records/accounts/audit-log.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { AdjustmentService } from './adjustments/service.ts';
import { TRAINING_JOB } from './job.ts';
import type { BaselineService } from './service.ts';

export interface BaselineRoutesOptions {
  readonly service: BaselineService;
  readonly adjustments: AdjustmentService;
  readonly scheduler: Scheduler;
  readonly auditLog: AuditLog;
}

/** Time after which the response to a training is its job. */
const MAX_TRAINING_WAIT_MS = 5 * SECOND_MS;

/** `/baseline/train`, `/baseline/deviation`, `/baseline/predict`, `/baseline/models`, `/baseline/model/{id}`, `/baseline/drivers`. */
export function baselineRoutes(api: Api, options: BaselineRoutesOptions): void {
  trainingRoutes(api, options);
  modelRoutes(api, options);
  questionRoutes(api, options.service);
  adjustmentRoutes(api, options);
}

function trainingRoutes(api: Api, { scheduler, auditLog }: BaselineRoutesOptions): void {
  serve(api, trainBaseline, async (request, reply) => {
    const { headers, body } = request;
    const audit = (target: string, detail: string) =>
      auditLog.append({ actor: callerOf(request).name, action: 'baseline.train', target, detail });
    const isAsync = String(headers.prefer ?? '').includes('respond-async');
    const waitMs = isAsync ? 0 : MAX_TRAINING_WAIT_MS;
    const { run, answer } = await scheduler.runFor(TRAINING_JOB, callerOf(request), body, waitMs);
    if (answer === undefined) {
      await audit(body.machine_id, `job ${run.id}`);
      reply.status(202);
      return toJob(run);
    }
    const trained = TrainedBaseline.parse(answer);
    await audit(
      trained.machine_name,
      `version ${trained.model_version}${trained.is_active ? ', active' : ', not active'}`,
    );
    return trained;
  });
}

function modelRoutes(api: Api, { service, auditLog }: BaselineRoutesOptions): void {
  serve(api, activateBaseline, async (request) => {
    const model = await service.activate(request.params.id, request.query.confirm_suspicious);
    const detail = `version ${model.model_version}`;
    await auditLog.append({
      actor: callerOf(request).name,
      action: 'baseline.activate',
      target: model.machine_name,
      detail,
    });
    return model;
  });
  serve(api, getBaseline, async (request) => service.model(request.params.id));
}

function questionRoutes(api: Api, service: BaselineService): void {
  serve(api, listBaselines, async ({ query }) =>
    pageOfList(await service.models(query.machine_id), query, ({ model_id }) => model_id),
  );
  serve(api, getDeviation, async ({ query }) => service.deviation(query));
  serve(api, predictEnergy, async ({ query: { machine_id, ...given } }) => service.predict(machine_id, given));
  serve(api, listDrivers, async ({ query }) => service.drivers(query));
}

function adjustmentRoutes(api: Api, { adjustments, auditLog }: BaselineRoutesOptions): void {
  const audit = (actor: string, action: string, { machine_id: target, start, end, kwh, reason }: Adjustment) => {
    const detail = `${start} to ${end}: ${kwh === null ? 'excluded' : `${kwh} kWh`}, ${reason}`;
    return auditLog.append({ actor, action, target, detail });
  };
  serve(api, listAdjustments, async ({ query }) =>
    pageOfList(await adjustments.list(query.machine_id), query, ({ id }) => id),
  );
  serve(api, addAdjustment, async (request) => {
    const { name } = callerOf(request);
    const added = await adjustments.add(request.body, name);
    await audit(name, 'baseline.adjust', added);
    return added;
  });
  serve(api, removeAdjustment, async (request) => {
    await audit(callerOf(request).name, 'baseline.adjustment_remove', await adjustments.remove(request.params.id));
  });
}
