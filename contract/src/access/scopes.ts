/** Scopes that a token can be given: `control` guards nothing yet, and is granted once devices can be controlled. Apart from the schemas, so that pages need not load those. */
export const GRANTABLE_SCOPES = ['read', 'write', 'admin'] as const;
