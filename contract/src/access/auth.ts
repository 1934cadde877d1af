import { z } from 'zod';
import { Instant, Name } from '../common.ts';
import { CreatedAt, EntryId } from '../fields.ts';
import { GRANTABLE_SCOPES } from './scopes.ts';
import { SECRET } from './secret.ts';

export const Scope = z.enum(['read', 'write', 'control', 'admin']).meta({
  description:
    'read: see; write: change readings and records; control: switch devices; admin: users, tokens and stores',
});
export type Scope = z.infer<typeof Scope>;

export const GrantableScope = z
  .enum(GRANTABLE_SCOPES, {
    error: (issue) =>
      `must be one of read, write, admin${issue.input === 'control' ? ': control cannot be granted before devices can be controlled' : ''}; got ${JSON.stringify(issue.input)}`,
  })
  .meta({ description: 'read: see; write: change readings and records; admin: users, tokens and stores' });
export type GrantableScope = z.infer<typeof GrantableScope>;

export const Role = z.enum(['viewer', 'analyst', 'operator', 'admin']).meta({
  description: 'viewer: scope read; analyst: read and write; operator: read, write and control; admin: all scopes',
});
export type Role = z.infer<typeof Role>;

export const SCOPES_OF_ROLE: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: ['read'],
  analyst: ['read', 'write'],
  operator: ['read', 'write', 'control'],
  admin: ['read', 'write', 'control', 'admin'],
};

export const UserName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'must be lower-case letters, digits and . _ @ -')
  .meta({ description: 'Name to sign in with: lower-case letters, digits and . _ @ -', examples: ['anna'] });
const PASSWORD_LENGTH = 'must have 10 to 500 characters';
export const Password = z
  .string()
  .min(10, PASSWORD_LENGTH)
  .max(500, PASSWORD_LENGTH)
  .meta({
    ...SECRET,
    description: 'Password of 10 to 500 characters',
  });

export const Login = z.object({
  username: z
    .string()
    .max(100)
    .meta({ description: 'Name of the user', examples: ['anna'] }),
  password: z
    .string()
    .max(500)
    .meta({ ...SECRET, description: 'Password of the user' }),
});
export const LoginLink = z.object({
  code: z
    .string()
    .min(10)
    .max(200)
    .meta({ ...SECRET, description: 'The parameter code of a sign-in link' }),
});
export const SignInLinkCreate = z.object({
  username: z
    .string()
    .min(1)
    .max(200)
    .nullable()
    .default(null)
    .meta({ description: 'Id or name of the user; null: the first administrator, who is created if there is no user' }),
});
export const SignInLink = z
  .object({
    url: z.string().meta({ ...SECRET, description: 'Signs in once' }),
    username: z
      .string()
      .nullable()
      .meta({ description: 'Name of the user who is signed in; null: the first administrator', examples: ['anna'] }),
    expires_in_s: z
      .number()
      .int()
      .meta({ description: 'How long the link can be used, seconds', examples: [900] }),
  })
  .meta({ id: 'SignInLink', description: 'An address that signs a user in without a password' });
export type SignInLink = z.infer<typeof SignInLink>;
export const Me = z
  .object({
    username: z.string().meta({ description: 'Name of the user or token', examples: ['anna'] }),
    role: Role.nullable().meta({ description: 'Role of the user; null: a token, which has scopes but no role' }),
    scopes: z.array(Scope).meta({ description: 'What the caller may do', examples: [['read', 'write']] }),
    csrf_token: z
      .string()
      .nullable()
      .meta({ ...SECRET, description: 'Required in the header X-CSRF-Token of requests that change data' }),
  })
  .meta({ id: 'Me', description: 'The caller' });
export type Me = z.infer<typeof Me>;

export const User = z
  .object({
    id: EntryId,
    username: UserName,
    role: Role,
    created_at: CreatedAt,
    has_password: z.boolean().meta({ description: 'false: the user signs in by links only' }),
  })
  .meta({ id: 'User', description: 'An account that can sign in' });
export type User = z.infer<typeof User>;
export const UserCreate = z.object({
  username: UserName,
  password: Password.nullable().meta({ ...SECRET, description: 'Null: the user signs in by links only' }),
  role: Role,
});
export const UserPatch = z.object({ password: Password, role: Role }).partial().strict();

export const ApiToken = z
  .object({
    id: EntryId,
    name: z.string().meta({ description: 'Purpose of the token, unique', examples: ['Home Assistant'] }),
    scopes: z.array(Scope).meta({ description: 'What the token may do', examples: [['read', 'write']] }),
    created_at: CreatedAt,
    expires_at: Instant.nullable().meta({ description: 'When it becomes invalid; null: never' }),
    last_used_at: Instant.nullable().meta({ description: 'When a request last used it; null: not yet' }),
  })
  .meta({ id: 'ApiToken', description: 'A key for programs that call the API' });
export type ApiToken = z.infer<typeof ApiToken>;
export const ApiTokenCreate = z.object({
  name: Name.meta({ description: 'Purpose of the token, unique', examples: ['Home Assistant'] }),
  scopes: z
    .array(GrantableScope)
    .min(1)
    .meta({ description: 'What the token may do', examples: [['read', 'write']] }),
  expires_at: Instant.nullable().default(null).meta({ description: 'When it becomes invalid; null: never' }),
});
export const ApiTokenCreated = ApiToken.extend({
  token: z.string().meta({ ...SECRET, description: 'Shown once; only a hash is stored' }),
});
export type ApiTokenCreated = z.infer<typeof ApiTokenCreated>;

export const AuditEntry = z.object({
  id: z
    .number()
    .int()
    .meta({ description: 'Number of the entry; later entries have higher numbers', examples: [1204] }),
  at: Instant.meta({ description: 'Time of the action' }),
  actor: z.string().meta({ description: 'User, token or component that performed the action', examples: ['anna'] }),
  action: z.string().meta({ description: 'The action', examples: ['device.remove'] }),
  target: z.string().nullable().meta({ description: 'Name, id or path of the object; null: the whole service' }),
  detail: z.string().nullable().meta({ description: 'Details of the request, without secrets; null: none' }),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
