interface Schema {
  readonly description?: string;
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly prefixItems?: readonly Schema[];
}
interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}
interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly parameters?: readonly { readonly name: string; readonly description?: string; readonly schema?: Schema }[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content & { readonly description?: string }>>;
}
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/**
 * Returns the undescribed places of an OpenAPI document: named schemas, properties, parameters and responses without a description, and operations
 * without an id or a summary. A place begins with the name of a schema or a path: `Device.name`, `/api/v1/devices get ?limit`.
 */
export function undescribed({ paths, components }: OpenApi): string[] {
  const { schemas } = components;
  return [
    ...Object.entries(schemas).flatMap(([name, schema]) => [
      ...(hasText(schema.description) ? [] : [name]),
      ...properties(schema, name, schemas),
    ]),
    ...Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]) => ofOperation(operation, `${path} ${method}`, schemas)),
    ),
  ];
}

function ofOperation(operation: Operation, at: string, schemas: OpenApi['components']['schemas']): string[] {
  const { parameters = [], requestBody, responses = {} } = operation;
  const ofContent = ({ content = {} }: Content, where: string) =>
    Object.values(content).flatMap(({ schema = {} }) => properties(schema, where, schemas));
  return [
    ...(hasText(operation.operationId) ? [] : [`${at} operationId`]),
    ...(hasText(operation.summary) ? [] : [`${at} summary`]),
    ...parameters.flatMap(({ name, description, schema = {} }) => [
      ...(hasText(description) || isDescribed(schema, schemas) ? [] : [`${at} ?${name}`]),
      ...properties(schema, `${at} ?${name}`, schemas),
    ]),
    ...ofContent(requestBody ?? {}, `${at} body`),
    ...Object.entries(responses).flatMap(([status, response]) => [
      ...(hasText(response.description) ? [] : [`${at} ${status}`]),
      ...ofContent(response, `${at} ${status}`),
    ]),
  ];
}

function properties(schema: Schema, at: string, schemas: OpenApi['components']['schemas']): string[] {
  const { items, additionalProperties: values, anyOf = [], oneOf = [], allOf = [], prefixItems = [] } = schema;
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
      ...(isDescribed(property, schemas) ? [] : [`${at}.${name}`]),
      ...properties(property, `${at}.${name}`, schemas),
    ]),
    ...(items === undefined ? [] : properties(items, `${at}[]`, schemas)),
    ...(typeof values === 'object' ? properties(values, `${at}{}`, schemas) : []),
    ...[...anyOf, ...oneOf, ...allOf, ...prefixItems].flatMap((part) => properties(part, at, schemas)),
  ];
}

function isDescribed(schema: Schema, schemas: OpenApi['components']['schemas']): boolean {
  const target = schema.$ref === undefined ? undefined : schemas[schema.$ref.replace('#/components/schemas/', '')];
  return hasText(schema.description) || hasText(target?.description);
}

function hasText(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== '';
}
