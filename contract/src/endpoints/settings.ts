import { z } from 'zod';
import { ListQuery, pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { Feature, FeaturePatch } from '../service.ts';
import { Layout, LayoutName, Settings, SettingsPatch } from '../settings.ts';

const LayoutParams = z.object({ name: LayoutName });
const FeatureParams = z.object({
  name: z
    .string()
    .min(1)
    .max(100)
    .meta({ description: 'Name of a feature flag', examples: ['forecasting'] }),
});

export const getSettings = endpoint({
  method: 'GET',
  path: '/settings',
  tag: 'settings',
  summary: 'Settings of the installation',
  answers: { 200: Settings },
  scope: 'read',
});

export const changeSettings = endpoint({
  method: 'PATCH',
  path: '/settings',
  tag: 'settings',
  summary: 'Change settings',
  body: SettingsPatch,
  answers: { 200: Settings },
  scope: 'write',
  audit: 'settings.change',
});

export const getLayout = endpoint({
  method: 'GET',
  path: '/settings/layouts/:name',
  tag: 'settings',
  summary: 'Arrangement of a page by the signed-in user',
  params: LayoutParams,
  answers: { 200: Layout },
  scope: 'read',
});

export const putLayout = endpoint({
  method: 'PATCH',
  path: '/settings/layouts/:name',
  tag: 'settings',
  summary: 'Store the arrangement of a page',
  params: LayoutParams,
  body: Layout,
  answers: { 200: Layout },
  scope: 'read',
});

export const listFeatures = endpoint({
  method: 'GET',
  path: '/features',
  tag: 'settings',
  summary: 'Feature flags',
  query: ListQuery,
  answers: { 200: pageOf(Feature) },
  scope: 'read',
});

export const getFeature = endpoint({
  method: 'GET',
  path: '/features/:name',
  tag: 'settings',
  summary: 'One feature flag',
  params: FeatureParams,
  answers: { 200: Feature },
  scope: 'read',
});

export const switchFeature = endpoint({
  method: 'PATCH',
  path: '/features/:name',
  tag: 'settings',
  summary: 'Switch a feature',
  params: FeatureParams,
  body: FeaturePatch,
  answers: { 200: Feature },
  scope: 'admin',
  audit: 'feature.switch',
});
