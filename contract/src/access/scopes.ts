/**
 * Scopes that a token can be granted: `control` protects nothing yet and is granted once devices can be controlled. In a separate file,
 * so that pages need not load the schemas.
 */
export const GRANTABLE_SCOPES = ['read', 'write', 'admin'] as const;
