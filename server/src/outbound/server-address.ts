import { ADDRESS } from '@wattkeeper/contract/access/secret.ts';
import { z } from 'zod';
import { isNeverConnected } from './addresses.ts';

export const NEVER_CONNECTED =
  'must not be a link-local, unspecified, multicast, reserved or metadata address, which are never connected';

export const Port = z.number().int().min(0).max(65535);

/** Name or IP address of a server to connect to. */
export const Host = z
  .string()
  .min(1)
  .refine((host) => !isNeverConnected(host), NEVER_CONNECTED);

/** URL of a server whose user and password are separate settings. */
export const HttpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an address such as http://localhost:8086' })
  .refine((url) => {
    const { username, password } = new URL(url);
    return username === '' && password === '';
  }, 'must not hold a user or a password: they have settings of their own')
  .meta(ADDRESS);

/** URL of a server to connect to. */
export const ServerUrl = HttpUrl.refine((url) => !isNeverConnected(new URL(url).hostname), NEVER_CONNECTED);
