import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { HostError } from './host-error.ts';
import { setCookieLine } from './set-cookie.ts';
import { type HttpData, type TypedData, toBytes } from './typed-data.ts';

export interface PlainResponse {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

/** What concerns the connection is the server's business, not the handler's. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'trailer',
  'upgrade',
]);

/** The HTTP response for what a function returned. A function that returned nothing answers 204. */
export function toPlainResponse(
  returnValue: TypedData | null | undefined,
  outputData: readonly { readonly data: TypedData }[] = [],
): PlainResponse {
  const http = returnValue?.http ?? outputData.find(({ data }) => data.http)?.data.http;
  if (http) {
    return fromHttpData(http);
  }
  const body = toBytes(returnValue);
  return body ? { status: 200, body } : { status: 204 };
}

function fromHttpData(http: HttpData): PlainResponse {
  const headers = withoutConnectionHeaders(http.headers ?? {});
  const cookies = (http.cookies ?? []).map(setCookieLine);
  if (cookies.length > 0) {
    const own = headers['set-cookie'];
    headers['set-cookie'] = own === undefined ? cookies : [String(own), ...cookies];
  }
  const status = Number(http.statusCode ?? 200);
  if (!Number.isInteger(status) || status < 200 || status > 999) {
    throw new HostError('invalidStatus', `"${http.statusCode}" is not an HTTP status.`, 'Return one from 200 to 599.');
  }
  const body = toBytes(http.body);
  return { status, headers, ...(body && { body }) };
}

export function withoutConnectionHeaders(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION_HEADERS.has(name.toLowerCase())));
}

/** Writes a response whole. Throws, with nothing sent, when a header cannot be sent. */
export function sendResponse(response: ServerResponse, plain: PlainResponse): void {
  const body = typeof plain.body === 'string' ? Buffer.from(plain.body) : plain.body;
  for (const [name, value] of Object.entries(plain.headers ?? {})) {
    if (value !== undefined) {
      response.setHeader(name, value);
    }
  }
  response.statusCode = plain.status;
  const isBodyless = plain.status === 204 || plain.status === 205 || plain.status === 304;
  const isHead = response.req.method === 'HEAD';
  if (!isBodyless && !(isHead && response.hasHeader('content-length'))) {
    // The handler's own length, if it gave one, could disagree with what is sent.
    response.setHeader('content-length', body?.byteLength ?? 0);
  }
  response.end(isBodyless || isHead ? undefined : body);
}

/** Answers with a line of text, for the host's own refusals. */
export function sendText(response: ServerResponse, status: number, text: string, headers?: OutgoingHttpHeaders): void {
  sendResponse(response, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
    body: `${text}\n`,
  });
}
