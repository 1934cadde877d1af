export interface ApiUnderTest {
  readonly url: string;
  readonly token: string;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: object;
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly bodies: readonly [type: string, schema: object][];
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
}

export async function ask({ url, token }: ApiUnderTest, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url + path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
}

/** Every operation in the API document of a running service. */
export async function documentOf(api: ApiUnderTest): Promise<{ operations: Operation[]; components: object }> {
  const { paths, components } = (await (await ask(api, '/openapi.json')).json()) as {
    paths: Record<string, Record<string, Record<string, never>>>;
    components: object;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]): Operation => {
      const content: object = (requestBody as { content?: object } | undefined)?.content ?? {};
      const bodies = Object.entries(content).map(([type, { schema }]): [string, object] => [type, schema]);
      return { method: method.toUpperCase(), path, parameters, bodies, responses: responses ?? {} };
    }),
  );
  return { operations, components };
}
