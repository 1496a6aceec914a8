import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as openRequest,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '../log.ts';
import type { InvokeRequest } from './binding-input.ts';
import type { ServableApp } from './functions-app.ts';
import { admitBody, type HttpExchange } from './http-exchange.ts';
import { joinedQuery, plainHeaders } from './http-request.ts';
import { sendResponse, withoutConnectionHeaders } from './http-response.ts';
import { refuseBody } from './refuse-body.ts';
import type { RouteMatch } from './router.ts';
import { traceContextOf } from './trace-context.ts';
import type { TypedData } from './typed-data.ts';

const INVOCATION_HEADER = 'x-ms-invocation-id';
const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });

/** How long a client that was answered while it was still sending gets to read the answer. */
const LINGER_MS = 500;

/** How serving ended, when nothing failed. `empty`: the handler returned nothing. `left`: the client went away. */
type Outcome = 'relayed' | 'empty' | 'refused' | 'left';

/**
 * Serves one request of an app that streams HTTP: the request goes to the library's own server, the invocation starts
 * beside it, and the library joins the two by the invocation id. Throws what the handler throws.
 */
export async function forwardToStream(
  app: ServableApp,
  target: URL,
  match: RouteMatch,
  exchange: HttpExchange,
  invocationId: string,
  logger: Logger,
): Promise<void> {
  if (!admitBody(exchange)) {
    return;
  }
  const { response, url } = exchange;
  const forward = openRequest({
    agent,
    // The library's server is bound to this address while the app starts (see StreamProxies).
    hostname: target.hostname === 'localhost' ? '127.0.0.1' : target.hostname,
    port: target.port,
    method: exchange.method,
    path: url.pathname + url.search,
    headers: forwardHeaders(exchange, invocationId),
  });
  let isOver = false;
  const ended = new Promise<Outcome>((end, fail) => {
    // When the client leaves, nobody reads on. The handler is not stopped by that.
    response.once('close', () => end('left'));
    forward.once('error', fail);
    forward.once('response', (answer) => relay(answer, exchange).then(() => end('relayed'), fail));
    pumpBody(exchange, forward, () => end('refused'));
    app.invoke(match.route.fn, invokeRequest(match, exchange, invocationId)).then(
      ({ result }) => (result === undefined || result === null) && end('empty'),
      (error: unknown) => {
        if (isOver) {
          logger.error(`Function "${match.route.fn.name}" failed after its response had ended`, error);
        }
        fail(error);
      },
    );
  });
  try {
    if ((await ended) === 'empty') {
      // The library sends nothing for "nothing"; its side of the forward would stay open for ever.
      sendResponse(response, { status: 204 });
    }
  } finally {
    isOver = true;
    forward.on('error', () => {}).destroy();
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
  const traceContext = traceContextOf(exchange.request.headers);
  return {
    invocationId,
    trigger: { kind: 'data', data: { http: {} } },
    ...(traceContext && { traceContext }),
    triggerMetadata: {
      ...Object.fromEntries(values),
      Headers: { json: JSON.stringify(plainHeaders(exchange.request.headers)) },
      Query: { json: JSON.stringify(joinedQuery(exchange.url)) },
    },
  };
}

/** Passes the body on as it comes, no faster than it is taken, and no more of it than is allowed. */
function pumpBody(exchange: HttpExchange, forward: ClientRequest, onRefused: () => void): void {
  const { request, response, maxBodyBytes } = exchange;
  let size = 0;
  const onEnd = (): void => {
    forward.end();
  };
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= maxBodyBytes) {
      if (!forward.write(chunk)) {
        request.pause();
      }
      return;
    }
    request.off('data', onData).off('end', onEnd);
    onRefused();
    if (response.headersSent) {
      response.destroy();
    } else {
      refuseBody(request, response, maxBodyBytes);
    }
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
  if (!exchange.request.complete) {
    response.setHeader('connection', 'close');
  }
  response.writeHead(answer.statusCode ?? 200, headers);
  await pipeline(answer, response);
  endUnreadRequest(exchange);
}

/** An answer that came before the end of the request (413, for one) leaves a connection on which nobody would read on. */
function endUnreadRequest({ request }: HttpExchange): void {
  if (request.complete || request.destroyed) {
    return;
  }
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  request.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
  request.resume();
}
