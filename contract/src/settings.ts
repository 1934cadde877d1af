import { z } from 'zod';

/** Languages that the web app speaks. */
export const Language = z.enum(['en', 'de', 'pl']);
export type Language = z.infer<typeof Language>;

const unitFields = {
  temperature: z.enum(['celsius', 'fahrenheit']),
  power: z.enum(['auto', 'W', 'kW']).meta({ description: 'auto: W below 1 kW' }),
  energy: z.enum(['auto', 'Wh', 'kWh', 'MWh']).meta({ description: 'auto: the one that keeps numbers short' }),
};

/** Units that figures are shown in; the API itself always answers in the units of the metric catalogue. */
export const Units = z.object({
  temperature: unitFields.temperature.default('celsius'),
  power: unitFields.power.default('auto'),
  energy: unitFields.energy.default('auto'),
});
export type Units = z.infer<typeof Units>;

const thresholdFields = {
  battery_low_percent: z.number().min(0).max(100).meta({ description: 'State of charge that counts as low' }),
  grid_import_high_kw: z
    .number()
    .positive()
    .max(1e6)
    .nullable()
    .meta({ description: 'Import from the grid that counts as high; null: no limit' }),
  data_coverage_low: z
    .number()
    .min(0)
    .max(1)
    .meta({ description: 'Share of a day that samples must cover for its figures to be shown without a warning' }),
  stale_after_intervals: z
    .number()
    .min(1)
    .max(1000)
    .meta({ description: 'A device is stale when it has been silent for this many of its reporting intervals' }),
};

/** Limits beyond which something is worth telling a person. */
export const Thresholds = z.object({
  battery_low_percent: thresholdFields.battery_low_percent.default(20),
  grid_import_high_kw: thresholdFields.grid_import_high_kw.default(null),
  data_coverage_low: thresholdFields.data_coverage_low.default(0.9),
  stale_after_intervals: thresholdFields.stale_after_intervals.default(3),
});
export type Thresholds = z.infer<typeof Thresholds>;

/** What is kept of the settings. */
export const SettingsValues = z.object({
  language: Language.default('en').meta({ description: 'For people who have not chosen one themselves' }),
  units: Units.prefault({}),
  thresholds: Thresholds.prefault({}),
});
export type SettingsValues = z.infer<typeof SettingsValues>;

const Version = z.number().int().min(0);

/** Settings of the installation, beyond its configuration file: they change while the service runs. */
export const Settings = SettingsValues.extend({
  version: Version.meta({ description: 'Grows with each change; 0: nothing was changed yet' }),
}).meta({ id: 'Settings' });
export type Settings = z.infer<typeof Settings>;

/** What is not given stays as it is. */
export const SettingsPatch = z
  .object({
    version: Version.meta({ description: 'The version that the change builds on: 409 when someone else was faster' }),
    language: Language,
    units: z.object(unitFields).partial().strict(),
    thresholds: z.object(thresholdFields).partial().strict(),
  })
  .partial()
  .strict();
export type SettingsPatch = z.infer<typeof SettingsPatch>;

export const LayoutName = z.string().regex(/^[a-z0-9_-]{1,50}$/, 'must be 1 to 50 of a–z, 0–9, - and _');

/** Most bytes of JSON in a layout. */
export const MAX_LAYOUT_BYTES = 64 * 1024;

export const Layout = z
  .object({ layout: z.unknown().meta({ description: 'Whatever the web app wants to find again; null: nothing yet' }) })
  .meta({ id: 'Layout', description: 'How a user has arranged a page' });
export type Layout = z.infer<typeof Layout>;
