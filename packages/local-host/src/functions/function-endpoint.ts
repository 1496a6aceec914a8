import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Logger } from '../log.ts';
import type { ServableApp } from './functions-app.ts';
import { type HttpExchange, takeBody } from './http-exchange.ts';
import { toHttpData } from './http-request.ts';
import { sendResponse, toPlainResponse } from './http-response.ts';
import type { RouteMatch } from './router.ts';
import { forwardToStream } from './stream-forward.ts';
import { traceContextOf } from './trace-context.ts';
import type { TypedData } from './typed-data.ts';

/** Answers a request with the function its route belongs to, and logs one line about it. */
export async function serveFunction(
  app: ServableApp,
  match: RouteMatch,
  exchange: HttpExchange,
  logger: Logger,
): Promise<void> {
  const started = performance.now();
  const invocationId = randomUUID();
  const log = logger.withCategory(`Function.${match.route.fn.name}`);
  try {
    if (app.streamUri) {
      await forwardToStream(app, app.streamUri, match, exchange, invocationId, log);
    } else {
      await answerWhole(app, match, exchange, invocationId);
    }
  } catch (error) {
    log.error(`Function "${match.route.fn.name}" failed (invocation ${invocationId})`, error);
    answerFailure(exchange.response);
  }
  const { method, url, response } = exchange;
  const duration = Math.round(performance.now() - started);
  const status = response.destroyed && !response.writableFinished ? 'client left' : response.statusCode;
  // Without the query: it may hold keys.
  log.info(`${method} ${url.pathname} -> ${status} in ${duration} ms (${invocationId})`);
}

async function answerWhole(
  app: ServableApp,
  match: RouteMatch,
  exchange: HttpExchange,
  invocationId: string,
): Promise<void> {
  const body = await takeBody(exchange);
  if (!body) {
    return;
  }
  const { method, url, request, response } = exchange;
  const traceContext = traceContextOf(request.headers);
  const http = toHttpData({ method, url, headers: request.headers, params: match.values, body });
  const result = await app.invoke(match.route.fn, {
    invocationId,
    trigger: { kind: 'data', data: { http } },
    ...(traceContext && { traceContext }),
  });
  sendResponse(response, toPlainResponse(result.returnValue as TypedData | null | undefined, result.outputData));
}

/** As the real host: 500 and nothing else. The details are in the log. */
function answerFailure(response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) {
    if (!name.startsWith('access-control-') && name !== 'vary') {
      response.removeHeader(name);
    }
  }
  sendResponse(response, { status: 500 });
}
