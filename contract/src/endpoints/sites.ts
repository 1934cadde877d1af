import { z } from 'zod';
import { ListQuery, pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { Site, SiteCreate, SitePatch } from '../site.ts';

const IdParams = z.object({
  id: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'Id or name of a site', examples: ['Home'] }),
});

export const listSites = endpoint({
  method: 'GET',
  path: '/sites',
  tag: 'sites',
  summary: 'All sites',
  query: ListQuery,
  answers: { 200: pageOf(Site) },
  scope: 'read',
});

export const createSite = endpoint({
  method: 'POST',
  path: '/sites',
  tag: 'sites',
  summary: 'Add a site',
  body: SiteCreate,
  answers: { 201: Site },
  scope: 'write',
  audit: 'site.create',
});

export const getSite = endpoint({
  method: 'GET',
  path: '/sites/:id',
  tag: 'sites',
  summary: 'One site',
  params: IdParams,
  answers: { 200: Site },
  scope: 'read',
});

export const changeSite = endpoint({
  method: 'PATCH',
  path: '/sites/:id',
  tag: 'sites',
  summary: 'Change a site',
  params: IdParams,
  body: SitePatch,
  answers: { 200: Site },
  scope: 'write',
  audit: 'site.change',
});

export const removeSite = endpoint({
  method: 'DELETE',
  path: '/sites/:id',
  tag: 'sites',
  summary: 'Remove a site without devices',
  params: IdParams,
  answers: { 204: z.null() },
  scope: 'admin',
  audit: 'site.remove',
});
