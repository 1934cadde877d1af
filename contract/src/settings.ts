import { z } from 'zod';

/** Languages of the web app. */
export const Language = z
  .enum(['en', 'de', 'pl'])
  .meta({ description: 'Language of the web app: English, German or Polish' });
export type Language = z.infer<typeof Language>;

const thresholdFields = {
  stale_after_intervals: z
    .number()
    .min(1)
    .max(1000)
    .meta({
      description: 'A device with a declared interval is stale after this many intervals without a reading',
      examples: [5],
    }),
};

/** Thresholds beyond which a user should be notified. */
export const Thresholds = z.object({
  stale_after_intervals: thresholdFields.stale_after_intervals.default(5),
});
export type Thresholds = z.infer<typeof Thresholds>;

/** The stored part of the settings. */
export const SettingsValues = z.object({
  language: Language.nullable().default(null).meta({
    description: 'Language of users who have not chosen one in the web app; null: the language of their browser',
  }),
  thresholds: Thresholds.prefault({}).meta({ description: 'Limits beyond which a device is marked' }),
});
export type SettingsValues = z.infer<typeof SettingsValues>;

const Version = z.number().int().min(0);

/** Settings of the installation, in addition to its configuration file: they change while the service runs. */
export const Settings = SettingsValues.extend({
  version: Version.meta({ description: 'Number of the latest change; 0: no change yet' }),
}).meta({ id: 'Settings', description: 'Settings of the installation' });
export type Settings = z.infer<typeof Settings>;

/** Omitted fields remain unchanged. */
export const SettingsPatch = z
  .object({
    version: Version.meta({
      description: 'Version that the change is based on: 409 if it is not the latest. Default: no check',
    }),
    language: SettingsValues.shape.language
      .unwrap()
      .meta({ description: 'Language of users who have not chosen one; null: that of their browser' }),
    thresholds: z
      .object(thresholdFields)
      .partial()
      .strict()
      .meta({ description: 'Limits to change; omitted ones remain unchanged' }),
  })
  .partial()
  .strict();
export type SettingsPatch = z.infer<typeof SettingsPatch>;

export const LayoutName = z
  .string()
  .regex(/^[a-z0-9_-]{1,50}$/, 'must be 1 to 50 of a–z, 0–9, - and _')
  .meta({
    description: 'Name of the page, chosen by the web app',
    examples: ['now'],
  });

/** Maximum size of a layout as JSON, in bytes. */
export const MAX_LAYOUT_BYTES = 64 * 1024;

export const Layout = z
  .object({ layout: z.unknown().meta({ description: 'Any JSON of the web app; null: nothing is stored yet' }) })
  .meta({ id: 'Layout', description: 'Arrangement of a page by a user' });
export type Layout = z.infer<typeof Layout>;
