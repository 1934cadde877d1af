import { z } from 'zod';
import { Instant, Name } from './common.ts';
import { GRANTABLE_SCOPES } from './scopes.ts';
import { SECRET } from './secret.ts';

export const Scope = z.enum(['read', 'write', 'control', 'admin']);
export type Scope = z.infer<typeof Scope>;

export const GrantableScope = z.enum(GRANTABLE_SCOPES, {
  error: (issue) =>
    `must be one of read, write, admin${issue.input === 'control' ? ': control cannot be granted before devices can be controlled' : ''}; got ${JSON.stringify(issue.input)}`,
});
export type GrantableScope = z.infer<typeof GrantableScope>;

export const Role = z.enum(['viewer', 'analyst', 'operator', 'admin']);
export type Role = z.infer<typeof Role>;

export const SCOPES_OF_ROLE: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: ['read'],
  analyst: ['read', 'write'],
  operator: ['read', 'write', 'control'],
  admin: ['read', 'write', 'control', 'admin'],
};

export const UserName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'must be lower-case letters, digits and . _ @ -');
const PASSWORD_LENGTH = 'must have 10 to 500 characters';
export const Password = z.string().min(10, PASSWORD_LENGTH).max(500, PASSWORD_LENGTH).meta(SECRET);

export const Login = z.object({ username: z.string().max(100), password: z.string().max(500).meta(SECRET) });
export const LoginLink = z.object({ code: z.string().min(10).max(200).meta(SECRET) });
export const SignInLinkCreate = z.object({
  username: z
    .string()
    .min(1)
    .max(200)
    .nullable()
    .default(null)
    .meta({ description: 'Id or name of the user; null: the first administrator, who is made when there is no user' }),
});
export const SignInLink = z
  .object({
    url: z.string().meta({ ...SECRET, description: 'Signs in once' }),
    username: z.string().nullable(),
    expires_in_s: z.number().int(),
  })
  .meta({ id: 'SignInLink' });
export type SignInLink = z.infer<typeof SignInLink>;
export const Me = z
  .object({
    username: z.string(),
    role: Role.nullable(),
    scopes: z.array(Scope),
    csrf_token: z
      .string()
      .nullable()
      .meta({ ...SECRET, description: 'Send as X-CSRF-Token with requests that change something' }),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;

export const User = z
  .object({ id: z.uuid(), username: UserName, role: Role, created_at: Instant, has_password: z.boolean() })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;
export const UserCreate = z.object({
  username: UserName,
  password: Password.nullable().meta({ ...SECRET, description: 'Null: the user signs in by links only' }),
  role: Role,
});
export const UserPatch = z.object({ password: Password, role: Role }).partial().strict();

export const ApiToken = z
  .object({
    id: z.uuid(),
    name: z.string(),
    scopes: z.array(Scope),
    created_at: Instant,
    expires_at: Instant.nullable(),
    last_used_at: Instant.nullable(),
  })
  .meta({ id: 'ApiToken' });
export type ApiToken = z.infer<typeof ApiToken>;
export const ApiTokenCreate = z.object({
  name: Name,
  scopes: z.array(GrantableScope).min(1),
  expires_at: Instant.nullable().default(null),
});
export const ApiTokenCreated = ApiToken.extend({
  token: z.string().meta({ ...SECRET, description: 'Shown once, kept only as a hash' }),
});
export type ApiTokenCreated = z.infer<typeof ApiTokenCreated>;

export const AuditEntry = z.object({
  id: z.number().int(),
  at: Instant,
  actor: z.string(),
  action: z.string(),
  target: z.string().nullable(),
  detail: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
