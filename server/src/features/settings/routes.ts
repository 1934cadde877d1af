import {
  changeSettings,
  getFeature,
  getLayout,
  getSettings,
  listFeatures,
  putLayout,
  switchFeature,
} from '@wattkeeper/contract/endpoints/settings.ts';
import type { Feature } from '@wattkeeper/contract/service.ts';
import { MAX_LAYOUT_BYTES } from '@wattkeeper/contract/settings.ts';
import type { FastifyRequest } from 'fastify';
import { Forbidden, InvalidInput } from '../../domain/errors.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import type { FeatureFlags } from './feature-flags.ts';
import type { PersistenceChange } from './persistence-change.ts';
import type { SettingsService } from './service.ts';

export interface SettingsParts {
  readonly settings: SettingsService;
  readonly flags: FeatureFlags;
  readonly change: PersistenceChange;
  readonly records: Pick<RecordStore, 'layouts'>;
}

/** `/settings`, `/settings/layouts/{name}`, `/features`. */
export function settingsRoutes(api: Api, { settings, flags, change, records }: SettingsParts): void {
  serve(api, getSettings, async () => settings.get());
  serve(api, changeSettings, async ({ body }) => settings.update(body));
  layoutRoutes(api, records);
  featureRoutes(api, flags, change);
}

function layoutRoutes(api: Api, { layouts }: Pick<RecordStore, 'layouts'>): void {
  serve(api, getLayout, async (request) => ({
    layout: (await layouts.get(userOf(request), request.params.name)) ?? null,
  }));
  serve(
    api,
    putLayout,
    async (request) => {
      const layout = request.body.layout ?? null;
      const bytes = Buffer.byteLength(JSON.stringify(layout));
      if (bytes > MAX_LAYOUT_BYTES) {
        const detail = `must have at most ${MAX_LAYOUT_BYTES} bytes as JSON; got ${bytes}`;
        throw new InvalidInput(`layout ${detail}`, { fields: [{ field: 'layout', detail }] });
      }
      await layouts.put(userOf(request), request.params.name, layout);
      return { layout };
    },
    // The limit of a layout itself is checked above; this limit includes the surrounding JSON.
    { bodyLimit: 2 * MAX_LAYOUT_BYTES },
  );
}

function featureRoutes(api: Api, flags: FeatureFlags, change: PersistenceChange): void {
  serve(api, listFeatures, async ({ query }) => {
    const items = flags.list().map((feature) => withChange(feature, change));
    return pageOfList(items, query, ({ name }) => name);
  });
  serve(api, getFeature, async (request) => withChange(flags.get(request.params.name), change));
  serve(api, switchFeature, async (request) =>
    withChange(await flags.set(request.params.name, request.body.enabled), change),
  );
}

/** Switches persistence on; it becomes active when all data is on disk. */
function withChange(feature: Feature, { state, isRunning }: PersistenceChange): Feature {
  if (feature.name !== 'persistence' || state === null) return feature;
  if (!isRunning) return { ...feature, change: state };
  return { ...feature, active: false, reason: 'what is in memory is being moved to disk', change: state };
}

/** Layouts belong to users; a token without a user has none. */
function userOf(request: FastifyRequest): string {
  const { userId } = callerOf(request);
  if (userId !== null) return userId;
  throw new Forbidden('layouts belong to users: sign in, or use a token that a user has made');
}
