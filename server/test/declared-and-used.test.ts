import { fileURLToPath } from 'node:url';
import { GRANTABLE_SCOPES } from '@wattkeeper/contract/access/scopes.ts';
import { describe, expect, it } from 'vitest';
import { Config } from '../src/config/schema.ts';
import { type JsonSchema, jsonSchemaOf } from '../src/domain/json-schema.ts';
import { isTest, loadProject } from './tidy/project.ts';

const project = loadProject(fileURLToPath(new URL('../..', import.meta.url)));
const product = [...project.files.values()].filter(
  ({ path }) => /^(server|contract)\/src\//.test(path) && !isTest(path),
);

describe('what is declared is used:', () => {
  it('every key of the configuration is read outside its schema', () => {
    const read = product.map(({ text }) => text).join('\n');
    const unread = keysOf(jsonSchemaOf(Config)).filter((path) => {
      const key = path.split('.').at(-1)!;
      // A key that is read as a property or destructured; names that begin with a digit belong to records, which are iterated.
      return (
        !/^\d/.test(key) &&
        !new RegExp(`\\.${key}\\b|[{,]\\s*${key}\\s*[,:}=]`).test(read.replaceAll(declaration(key), ''))
      );
    });
    expect(unread).toEqual([]);
  });

  it('every scope of tokens protects an endpoint', () => {
    const guards = product.map(({ text }) => text).join('\n');
    for (const scope of GRANTABLE_SCOPES) expect(guards, scope).toMatch(new RegExp(`scope: '${scope}'`));
  });
});

/** How a schema declares a key: `key: z…` or `key: Schema`. */
function declaration(key: string): RegExp {
  return new RegExp(`\\b${key}: (z\\.|[A-Z]\\w*[.(,]|limit\\()`, 'g');
}

function keysOf(node: JsonSchema, path = ''): string[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
    `${path}${key}`,
    ...keysOf(child as JsonSchema, `${path}${key}.`),
  ]);
  const inner = [
    node.items,
    node.additionalProperties,
    ...(node.anyOf ?? []),
    ...(node.oneOf ?? []),
    ...(node.allOf ?? []),
  ];
  return [...own, ...inner.flatMap((child) => (typeof child === 'object' ? keysOf(child as JsonSchema, path) : []))];
}
