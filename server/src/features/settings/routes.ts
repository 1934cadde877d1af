import { ListQuery, pageOf } from '@wattkeeper/contract/common.ts';
import { Feature, FeaturePatch } from '@wattkeeper/contract/service.ts';
import { Layout, LayoutName, MAX_LAYOUT_BYTES, Settings, SettingsPatch } from '@wattkeeper/contract/settings.ts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Forbidden, InvalidInput } from '../../domain/errors.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import type { FeatureFlags } from './feature-flags.ts';
import type { PersistenceChange } from './persistence-change.ts';
import type { SettingsService } from './service.ts';

const schema = { tags: ['settings'] };

export interface SettingsParts {
  readonly settings: SettingsService;
  readonly flags: FeatureFlags;
  readonly change: PersistenceChange;
  readonly records: Pick<RecordStore, 'layouts'>;
}

/** `/settings`, `/settings/layouts/{name}`, `/features`. */
export function settingsRoutes(api: Api, { settings, flags, change, records }: SettingsParts): void {
  api.get(
    '/settings',
    {
      schema: { ...schema, summary: 'Settings of the installation', response: { 200: Settings } },
      config: { scope: 'read' },
    },
    async () => settings.get(),
  );
  api.patch(
    '/settings',
    {
      schema: { ...schema, summary: 'Change settings', body: SettingsPatch, response: { 200: Settings } },
      config: { scope: 'write', audit: 'settings.change' },
    },
    async ({ body }) => settings.update(body),
  );
  layoutRoutes(api, records);
  featureRoutes(api, flags, change);
}

function layoutRoutes(api: Api, { layouts }: Pick<RecordStore, 'layouts'>): void {
  const params = z.object({ name: LayoutName });
  api.get(
    '/settings/layouts/:name',
    {
      schema: { ...schema, summary: 'Arrangement of a page by the signed-in user', params, response: { 200: Layout } },
      config: { scope: 'read' },
    },
    async (request) => ({ layout: (await layouts.get(userOf(request), request.params.name)) ?? null }),
  );
  api.patch(
    '/settings/layouts/:name',
    {
      schema: { ...schema, summary: 'Keep the arrangement of a page', params, body: Layout, response: { 200: Layout } },
      config: { scope: 'read' },
      // A layout's own limit is checked below; this one leaves room for what is around it.
      bodyLimit: 2 * MAX_LAYOUT_BYTES,
    },
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
  );
}

function featureRoutes(api: Api, flags: FeatureFlags, change: PersistenceChange): void {
  const params = z.object({
    name: z
      .string()
      .min(1)
      .max(100)
      .meta({ description: 'Name of a feature flag', examples: ['forecasting'] }),
  });
  api.get(
    '/features',
    {
      schema: { ...schema, summary: 'Feature flags', querystring: ListQuery, response: { 200: pageOf(Feature) } },
      config: { scope: 'read' },
    },
    async ({ query }) => {
      const items = flags.list().map((feature) => withChange(feature, change));
      return pageOfList(items, query, ({ name }) => name);
    },
  );
  api.get(
    '/features/:name',
    {
      schema: { ...schema, summary: 'One feature flag', params, response: { 200: Feature } },
      config: { scope: 'read' },
    },
    async (request) => withChange(flags.get(request.params.name), change),
  );
  api.patch(
    '/features/:name',
    {
      schema: { ...schema, summary: 'Switch a feature', params, body: FeaturePatch, response: { 200: Feature } },
      config: { scope: 'admin', audit: 'feature.switch' },
    },
    async (request) => withChange(await flags.set(request.params.name, request.body.enabled), change),
  );
}

/** Persistence comes into force when everything is on disk. */
function withChange(feature: Feature, { state, isRunning }: PersistenceChange): Feature {
  if (feature.name !== 'persistence' || state === null) return feature;
  if (!isRunning) return { ...feature, change: state };
  return { ...feature, active: false, reason: 'what is in memory is being moved to disk', change: state };
}

/** Layouts belong to people; a token without a user has none. */
function userOf(request: FastifyRequest): string {
  const { userId } = callerOf(request);
  if (userId !== null) return userId;
  throw new Forbidden('layouts belong to users: sign in, or use a token that a user has made');
}
