import { z } from 'zod';
import { Instant, TimePeriod } from '../common.ts';
import { MachineReference, machineFields, UnitSymbol } from '../fields.ts';
import { ByDriver, DriverName } from './baseline.ts';

export const DriversQuery = z.object({
  machine_id: MachineReference.min(1),
  suggest: z.stringbool().default(true).meta({ description: 'Whether to suggest drivers' }),
  start: Instant.optional().meta({
    description: 'Start of the window of the suggestion; default: 90 days before the end',
  }),
  end: Instant.optional().meta({ description: 'End of the window of the suggestion; default: now' }),
});
export type DriversQuery = z.infer<typeof DriversQuery>;

export const Drivers = z
  .object({
    machine_id: machineFields.machine_id,
    drivers: z
      .array(
        z.object({
          name: DriverName,
          metric: z
            .string()
            .meta({ description: 'Metric of the driver, or name of the calendar', examples: ['production.count'] }),
          device_id: z.string().nullable().meta({ description: 'Id of the device that reports it; null: a calendar' }),
          device_name: z.string().nullable().meta({ description: 'Name of this device; null: a calendar' }),
          unit: UnitSymbol,
          categorical: z
            .boolean()
            .meta({ description: 'Whether it belongs in categorical_drivers: a calendar, or an operating status' }),
        }),
      )
      .meta({ description: 'Quantities that may drive the energy of the device' }),
    suggestion: z
      .object({
        time_period: TimePeriod,
        samples: z
          .number()
          .int()
          .meta({ description: 'Hours with energy that were examined', examples: [2140] }),
        drivers: z.array(DriverName).meta({ description: 'Best subset: highest adjusted R² with every p < 0.05' }),
        adjusted_r_squared: z.number().meta({ description: 'Adjusted R² of these drivers', examples: [0.91] }),
        p_values: ByDriver.meta({ description: 'p-values by driver (t-test)' }),
        left_out: z
          .array(
            z.object({
              name: DriverName,
              reason: z.enum(['missing', 'constant', 'derived', 'suspicious', 'collinear', 'idle']).meta({
                description:
                  'missing: too few values; constant: one value; derived: follows from the energy; suspicious: may be calculated from it; collinear: follows from other drivers; idle: no effect in addition to the others',
              }),
              with: z.array(DriverName).meta({ description: 'Drivers that it is collinear with' }),
              detail: z.string().meta({ description: 'Reason as text' }),
            }),
          )
          .meta({ description: 'Drivers that are not suggested' }),
      })
      .nullable()
      .meta({ description: 'Suggested drivers; null: not requested, or too few hours have energy' }),
  })
  .meta({ id: 'BaselineDrivers', description: 'Possible drivers of the energy of a device' });
export type BaselineDrivers = z.infer<typeof Drivers>;
