import type { DurableBackend } from './durable-backend.ts';
import type { FunctionsCore } from './functions-core.ts';

export interface HttpResult {
  status: number;
  headers: Record<string, string>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  json: any;
}

export interface HttpCallOptions {
  method?: string;
  headers?: Record<string, string>;
  query?: Record<string, string>;
  params?: Record<string, string>;
  body?: string;
  /** Whether the durable client gets the local address for its calls. Default: true. */
  useRpc?: boolean;
}

/** Calls an HTTP function of the app through the worker's form of requests. */
export async function callHttp(
  core: FunctionsCore,
  name: string,
  backend: DurableBackend | undefined,
  { method = 'POST', headers = {}, query = {}, params = {}, body, useRpc = true }: HttpCallOptions = {},
): Promise<HttpResult> {
  const nullable = (values: Record<string, string>) =>
    Object.fromEntries(Object.entries(values).map(([field, value]) => [field.toLowerCase(), { value }]));
  const http = {
    method,
    url: 'http://localhost:7071/api/x',
    nullableHeaders: nullable(headers),
    nullableQuery: Object.fromEntries(Object.entries(query).map(([field, value]) => [field, { value }])),
    nullableParams: Object.fromEntries(Object.entries(params).map(([field, value]) => [field, { value }])),
    ...(body !== undefined && { body: { bytes: Buffer.from(body) } }),
  };
  const others = backend === undefined ? {} : { durableClient: backend.clientData(useRpc) };
  const returned = await core.invoke(name, { http }, others);
  const reply = returned?.http as {
    statusCode: string;
    headers: Record<string, string>;
    body?: { bytes?: Uint8Array };
  };
  const text = Buffer.from(reply.body?.bytes ?? []).toString();
  const isJson = reply.headers['content-type']?.startsWith('application/json');
  return {
    status: Number(reply.statusCode),
    headers: reply.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

export function postJson(body: unknown, options: HttpCallOptions = {}): HttpCallOptions {
  return {
    ...options,
    headers: { 'content-type': 'application/json', ...options.headers },
    body: JSON.stringify(body),
  };
}
