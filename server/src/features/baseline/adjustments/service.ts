import type { Adjustment, AdjustmentRequest } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import type { AdjustmentRecord, BaselineAdjustments } from '../../../storage/records/analytics/baseline-adjustments.ts';
import { type Machines, requireMachine } from '../machine.ts';
import { refuse } from '../training-errors.ts';

/** Non-routine adjustments: baselines neither learn non-routine events nor count them as savings or losses. */
export class AdjustmentService {
  readonly #machines: Machines;
  readonly #adjustments: BaselineAdjustments;

  constructor(machines: Machines, adjustments: BaselineAdjustments) {
    this.#machines = machines;
    this.#adjustments = adjustments;
  }

  async list(machineId: string): Promise<Adjustment[]> {
    return (await this.#adjustments.list(requireMachine(this.#machines, machineId).id)).map(toAdjustment);
  }

  async add({ machine_id, start, end, kwh, reason }: AdjustmentRequest, createdBy: string): Promise<Adjustment> {
    const deviceId = requireMachine(this.#machines, machine_id).id;
    const window = { start: parseInstant(start), end: parseInstant(end) };
    if (window.end <= window.start) throw refuse('end', `must be after the start, ${start}; got ${end}`);
    return toAdjustment(await this.#adjustments.add({ deviceId, ...window, kwh, reason, createdBy }));
  }

  async remove(id: string): Promise<Adjustment> {
    return toAdjustment(await this.#adjustments.remove(id));
  }
}

/** An adjustment in its API form. */
export function toAdjustment({
  id,
  deviceId,
  start,
  end,
  kwh,
  reason,
  createdBy,
  createdAt,
}: AdjustmentRecord): Adjustment {
  return {
    id,
    machine_id: deviceId,
    start: formatInstant(start),
    end: formatInstant(end),
    kwh,
    reason,
    created_by: createdBy,
    created_at: formatInstant(createdAt),
  };
}
