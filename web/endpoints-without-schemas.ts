import type { Endpoint } from '@wattkeeper/contract/endpoint.ts';
import type { Plugin } from 'vite';

const ENDPOINTS = /\/contract\/src\/endpoints\/[\w-]+\.ts$/;

/** Leaves of each endpoint what a call needs, so that the pages do not load the schemas and Zod. */
export function endpointsWithoutSchemas(): Plugin {
  return {
    name: 'endpoints-without-schemas',
    apply: (_config, { mode }) => mode !== 'test',
    async load(id) {
      if (!ENDPOINTS.test(id)) return null;
      const declared = (await import(id)) as Record<string, Endpoint>;
      const exported = Object.entries(declared).map(([name, { method, path, root, answers }]) => {
        const statuses = Object.fromEntries(Object.keys(answers).map((status) => [status, true]));
        return `export const ${name} = ${JSON.stringify({ method, path, root, answers: statuses })};`;
      });
      return exported.join('\n');
    },
  };
}
