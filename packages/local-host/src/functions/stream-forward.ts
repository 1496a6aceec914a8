import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request as openRequest } from 'node:http';
import { finished } from 'node:stream/promises';
import type { InvokeResult, InvokeRequest } from './binding-input.ts';
import type { FunctionsApp } from './functions-app.ts';
import { admitBody, type HttpExchange } from './http-exchange.ts';
import { joinedQuery, plainHeaders } from './http-request.ts';
import { sendResponse, withoutConnectionHeaders } from './http-response.ts';
import { refuseBody } from './refuse-body.ts';
import type { RouteMatch } from './router.ts';
import type { TypedData } from './typed-data.ts';

const INVOCATION_HEADER = 'x-ms-invocation-id';
const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });

/**
 * Serves one request of an app that streams HTTP: the request goes to the library's own server, the invocation starts
 * beside it, and the library joins the two by the invocation id. Throws what the handler throws.
 */
export async function forwardToStream(
  app: FunctionsApp,
  target: URL,
  match: RouteMatch,
  exchange: HttpExchange,
  invocationId: string,
): Promise<void> {
  if (!admitBody(exchange)) {
    return;
  }
  const { request, response, url } = exchange;
  const forward = openRequest({
    agent,
    // The library's server is bound to this address while the app starts (see StreamProxies).
    hostname: target.hostname === 'localhost' ? '127.0.0.1' : target.hostname,
    port: target.port,
    method: exchange.method,
    path: url.pathname + url.search,
    headers: forwardHeaders(exchange, invocationId),
  });
  // When the client leaves, nobody reads on. The handler is not stopped by that.
  response.once('close', () => forward.destroy());

  const relayed = new Promise<void>((resolve, reject) => {
    forward.once('response', (answer) => relay(answer, exchange).then(resolve, reject));
    forward.once('error', reject);
  });
  pumpBody(exchange, forward);
  const invoked = app.invoke(match.route.fn, invokeRequest(match, exchange, invocationId));

  // Until the handler has ended it is watched for failure only; what it sends arrives through the relay.
  const failed = invoked.then(({ result }: InvokeResult) => {
    if (result === undefined || result === null) {
      // The library sends nothing for "nothing", so the forward would wait for ever.
      sendResponse(response, { status: 204 });
    }
    return relayed;
  });
  try {
    await Promise.race([relayed, failed]);
  } catch (error) {
    if (!response.destroyed && !request.destroyed) {
      throw error;
    }
  } finally {
    forward.destroy();
    // Both may still fail once the other one has decided; that has been dealt with then.
    failed.catch(() => {});
    relayed.catch(() => {});
  }
}

function forwardHeaders(exchange: HttpExchange, invocationId: string): OutgoingHttpHeaders {
  const { headers } = exchange.request;
  const { expect: _expect, te: _te, ...own } = withoutConnectionHeaders(headers);
  return {
    ...own,
    ...(headers['transfer-encoding'] && { 'transfer-encoding': 'chunked' }),
    [INVOCATION_HEADER]: invocationId,
    'x-forwarded-host': exchange.url.host,
    'x-forwarded-proto': 'http',
  };
}

function invokeRequest(match: RouteMatch, exchange: HttpExchange, invocationId: string): InvokeRequest {
  const values = Object.entries(match.values).map(([name, value]): [string, TypedData] => [name, { string: value }]);
  return {
    invocationId,
    trigger: { kind: 'data', data: { http: {} } },
    triggerMetadata: {
      ...Object.fromEntries(values),
      Headers: { json: JSON.stringify(plainHeaders(exchange.request.headers)) },
      Query: { json: JSON.stringify(joinedQuery(exchange.url)) },
    },
  };
}

/** Passes the body on as it comes, no faster than it is taken, and no more of it than is allowed. */
function pumpBody(exchange: HttpExchange, forward: ReturnType<typeof openRequest>): void {
  const { request, response, maxBodyBytes } = exchange;
  let size = 0;
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > maxBodyBytes) {
      request.off('data', onData).off('end', onEnd);
      forward.destroy();
      if (response.headersSent) {
        response.destroy();
      } else {
        refuseBody(request, response, maxBodyBytes);
      }
    } else if (!forward.write(chunk)) {
      request.pause();
    }
  };
  const onEnd = (): void => {
    forward.end();
  };
  forward.on('drain', () => request.resume());
  request.on('data', onData).once('end', onEnd);
}

async function relay(answer: IncomingMessage, exchange: HttpExchange): Promise<void> {
  const { response } = exchange;
  if (response.headersSent || response.destroyed) {
    answer.destroy();
    return;
  }
  const { [INVOCATION_HEADER]: _id, ...headers } = withoutConnectionHeaders(answer.headers);
  response.writeHead(answer.statusCode ?? 200, headers);
  response.flushHeaders();
  answer.on('error', () => response.destroy());
  answer.pipe(response);
  await finished(response, { readable: false });
}
