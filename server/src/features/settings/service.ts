import { type Settings, type SettingsPatch, SettingsValues } from '@wattkeeper/contract/settings.ts';
import { present } from '../../storage/records/record-errors.ts';
import type { VersionedSettings } from '../../storage/records/versioned-settings.ts';

const KEY = 'installation';

/** Settings of the installation; held in memory, since they are read often. */
export class SettingsService {
  readonly #records: VersionedSettings;
  #settings: Settings;

  private constructor(records: VersionedSettings, settings: Settings) {
    this.#records = records;
    this.#settings = settings;
  }

  static async load(records: VersionedSettings): Promise<SettingsService> {
    return new SettingsService(records, await read(records));
  }

  get(): Settings {
    return this.#settings;
  }

  /** @throws Conflict if the version of the patch is not the newest */
  async update({ version, language, thresholds }: SettingsPatch): Promise<Settings> {
    const known = await read(this.#records);
    const values: SettingsValues = {
      language: language === undefined ? known.language : language,
      thresholds: { ...known.thresholds, ...present(thresholds ?? {}) },
    };
    const record = await this.#records.put(KEY, values, version ?? known.version);
    this.#settings = { ...values, version: record.version };
    return this.#settings;
  }
}

/** The schema adds fields that earlier versions did not store. */
async function read(records: VersionedSettings): Promise<Settings> {
  const record = await records.get(KEY);
  return { ...SettingsValues.parse(record?.value ?? {}), version: record?.version ?? 0 };
}
