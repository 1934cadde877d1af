/** Address of the server, determined at run time, so that the app works under any path prefix. */
export interface ServerLocation {
  /** Path before `/ui/`, without a trailing slash; empty at the root. */
  readonly prefix: string;
  readonly origin: string;
  /** `wss://host/prefix/api/v1/stream` */
  readonly streamUrl: string;
}

/** The server's location, from the document's base (`<base href="{prefix}/ui/">`) or its address. */
export function serverLocation(baseUri: string): ServerLocation {
  const url = new URL(baseUri);
  const at = url.pathname.lastIndexOf('/ui/');
  const bare = url.pathname.endsWith('/ui') ? url.pathname.slice(0, -3) : '';
  const prefix = at >= 0 ? url.pathname.slice(0, at) : bare;
  const streamUrl = `${url.origin.replace(/^http/, 'ws')}${prefix}/api/v1/stream`;
  return { prefix, origin: url.origin, streamUrl };
}
