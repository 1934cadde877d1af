import { z } from 'zod';
import {
  ApiToken,
  ApiTokenCreate,
  ApiTokenCreated,
  AuditEntry,
  Login,
  LoginLink,
  Me,
  SignInLink,
  SignInLinkCreate,
  User,
  UserCreate,
  UserPatch,
} from '../access/auth.ts';
import { ListQuery, PageQuery, pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';

const TokenParams = z.object({ id: z.string().min(1).max(200).meta({ description: 'Id or name of the token' }) });
const UserParams = z.object({ id: z.string().min(1).max(200).meta({ description: 'Id or name of the user' }) });

export const signInWithLink = endpoint({
  method: 'POST',
  path: '/auth/link',
  tag: 'auth',
  summary: 'Sign in with the code of a one-time link',
  body: LoginLink,
  answers: { 200: Me },
  scope: 'public',
});

export const signIn = endpoint({
  method: 'POST',
  path: '/auth/login',
  tag: 'auth',
  summary: 'Sign in with name and password',
  body: Login,
  answers: { 200: Me },
  scope: 'public',
});

export const signOut = endpoint({
  method: 'POST',
  path: '/auth/logout',
  tag: 'auth',
  summary: 'End the current session',
  answers: { 204: z.null() },
  scope: 'read',
});

export const createSignInLink = endpoint({
  method: 'POST',
  path: '/auth/links',
  tag: 'auth',
  summary: 'Create a link that signs a user in once, within 15 minutes',
  body: SignInLinkCreate,
  answers: { 201: SignInLink },
  scope: 'admin',
});

export const getMe = endpoint({
  method: 'GET',
  path: '/auth/me',
  tag: 'auth',
  summary: 'The signed-in user and the granted scopes',
  answers: { 200: Me },
  scope: 'read',
});

export const listAuditLog = endpoint({
  method: 'GET',
  path: '/audit-log',
  tag: 'auth',
  summary: 'Actions on accounts and settings, newest first',
  query: PageQuery,
  answers: { 200: pageOf(AuditEntry) },
  scope: 'admin',
});

export const listTokens = endpoint({
  method: 'GET',
  path: '/tokens',
  tag: 'auth',
  summary: 'API tokens',
  query: ListQuery,
  answers: { 200: pageOf(ApiToken) },
  scope: 'read',
});

export const createToken = endpoint({
  method: 'POST',
  path: '/tokens',
  tag: 'auth',
  summary: 'Create an API token with scopes that the caller has',
  body: ApiTokenCreate,
  answers: { 201: ApiTokenCreated },
  scope: 'read',
});

export const revokeToken = endpoint({
  method: 'DELETE',
  path: '/tokens/:id',
  tag: 'auth',
  summary: 'Revoke an API token',
  params: TokenParams,
  answers: { 204: z.null() },
  scope: 'read',
});

export const listUsers = endpoint({
  method: 'GET',
  path: '/users',
  tag: 'auth',
  summary: 'All users',
  query: ListQuery,
  answers: { 200: pageOf(User) },
  scope: 'admin',
});

export const createUser = endpoint({
  method: 'POST',
  path: '/users',
  tag: 'auth',
  summary: 'Add a user',
  body: UserCreate,
  answers: { 201: User },
  scope: 'admin',
});

export const changeUser = endpoint({
  method: 'PATCH',
  path: '/users/:id',
  tag: 'auth',
  summary: 'Change the role or the password of a user; users may change their own password',
  params: UserParams,
  body: UserPatch,
  answers: { 200: User },
  scope: 'read',
});

export const removeUser = endpoint({
  method: 'DELETE',
  path: '/users/:id',
  tag: 'auth',
  summary: 'Remove a user',
  params: UserParams,
  answers: { 204: z.null() },
  scope: 'admin',
});
