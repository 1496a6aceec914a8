import { lookup } from 'node:dns';
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { AddressPolicy, bare } from './address-policy.ts';

/** A call that was not made, or whose answer was not taken. */
export class OutboundError extends Error {
  override name = 'OutboundError';
  readonly code: 'addressRefused' | 'tooManyRedirects' | 'responseTooLarge' | 'invalidRequest' | 'requestFailed';

  constructor(code: OutboundError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface OutboundRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: string | undefined;
}

export interface OutboundResponse {
  status: number;
  /** Names in lower case; repeated headers are joined by a comma. */
  headers: Record<string, string>;
  body: string;
}

export interface OutboundLimits {
  policy: AddressPolicy;
  /** Time for the whole call, in milliseconds. */
  timeoutMs: number;
  /** Largest response body in bytes. */
  maxBytes: number;
}

const maxRedirects = 5;
const credentials = new Set(['authorization', 'cookie', 'proxy-authorization', 'x-functions-key']);

/**
 * Makes a call to where the policy lets it, following up to five redirects, each of which is checked again. The address
 * that is checked is the one that is connected to, so that a name cannot change its meaning in between.
 *
 * @throws OutboundError
 */
export async function guardedRequest(request: OutboundRequest, limits: OutboundLimits): Promise<OutboundResponse> {
  const signal = AbortSignal.timeout(limits.timeoutMs);
  let next = request;
  for (let hop = 0; ; hop++) {
    const response = await single(next, limits, signal);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) return response;
    if (hop >= maxRedirects) {
      throw new OutboundError('tooManyRedirects', `${request.url.origin} redirects more than ${maxRedirects} times.`);
    }
    next = redirected(next, response.status, location);
  }
}

function redirected(from: OutboundRequest, status: number, location: string): OutboundRequest {
  if (!URL.canParse(location, from.url.href)) {
    throw new OutboundError('requestFailed', `${from.url.origin} redirects to something that is no URL.`);
  }
  const url = new URL(location, from.url.href);
  const keepsBody = status === 307 || status === 308 || from.method === 'GET' || from.method === 'HEAD';
  const headers = Object.entries(from.headers).filter(([name]) => {
    const lower = name.toLowerCase();
    if (!keepsBody && /^content-/.test(lower)) return false;
    return url.origin === from.url.origin || !credentials.has(lower);
  });
  return {
    url,
    method: keepsBody ? from.method : 'GET',
    headers: Object.fromEntries(headers),
    body: keepsBody ? from.body : undefined,
  };
}

function single(request: OutboundRequest, limits: OutboundLimits, signal: AbortSignal): Promise<OutboundResponse> {
  const { url, method, headers, body } = request;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new OutboundError('invalidRequest', `Only http and https can be called, not ${url.protocol}`);
  }
  const listed = limits.policy.isListed(url);
  const literal = bare(url.hostname);
  if (!listed && isIP(literal) !== 0 && AddressPolicy.isInside(literal)) throw refused(url);
  const options: RequestOptions = {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) },
    signal,
    // A connection of its own: one that is kept might have been opened under another policy.
    agent: false,
    ...(!listed && { lookup: checkedLookup(url) }),
  };
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(toOutboundError(error, url, limits, signal));
    try {
      const send = url.protocol === 'https:' ? requestHttps : requestHttp;
      const outgoing = send(url, options, (response) => {
        readBody(response, limits.maxBytes).then((text) => {
          resolve({ status: response.statusCode ?? 0, headers: flat(response.headers), body: text });
        }, fail);
      });
      outgoing.on('error', fail);
      outgoing.end(body);
    } catch (error) {
      fail(error);
    }
  });
}

function checkedLookup(url: URL): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const outside = addresses.filter(({ address }) => !AddressPolicy.isInside(address));
      const [first] = outside;
      if (first === undefined) return callback(refused(url), '');
      if (options.all) callback(null, outside);
      else callback(null, first.address, first.family);
    });
  };
}

function refused(url: URL): OutboundError {
  return new OutboundError(
    'addressRefused',
    `The call to ${url.host} was not made: it is on this machine or its network. If it is meant, name it in the app ` +
      `setting DURABLE_HTTP_ALLOWED_HOSTS (hosts with an optional port, separated by commas).`,
  );
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      response.destroy();
      throw new OutboundError('responseTooLarge', `The response is larger than ${maxBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function flat(headers: IncomingMessage['headers']): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function toOutboundError(error: unknown, url: URL, limits: OutboundLimits, signal: AbortSignal): OutboundError {
  if (error instanceof OutboundError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const reason = signal.aborted ? `no answer within ${limits.timeoutMs} ms` : cause.message;
  return new OutboundError('requestFailed', `The call to ${url.host} failed: ${reason}`, { cause });
}
