import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { accessOf } from '../keys/access.ts';
import type { KeyGuard } from '../keys/key-guard.ts';
import { type Logger, silentLogger } from '../log.ts';
import { answerAdmin, homePage, type Serving } from './admin-routes.ts';
import { type CorsOptions, corsHeaders, isListedOrigin, isPreflight, preflightHeaders } from './cors.ts';
import { serveFunction } from './function-endpoint.ts';
import type { ServableApp } from './functions-app.ts';
import type { HttpExchange } from './http-exchange.ts';
import { refusalFor } from './http-guard.ts';
import { sendResponse, sendText } from './http-response.ts';
import { InFlight } from './in-flight.ts';
import { listen } from './listen.ts';
import { type MountHandler, type MountOptions, Mounts } from './mounts.ts';
import { decodePath } from './request-path.ts';
import { Router, type RouterOptions } from './router.ts';

const MAX_HEADER_BYTES = 16 * 1024;
const KEEP_ALIVE_MS = 65_000;
const RETRY_AFTER_SECONDS = '1';

export interface HttpServerOptions {
  /** Default 7071. 0 takes a free one. */
  readonly port?: number;
  /** Address to listen on. Default: the loopback addresses only, 127.0.0.1 and ::1. */
  readonly host?: string;
  /** Names besides localhost that requests may be addressed to. Default: none. */
  readonly allowedHosts?: readonly string[];
  /** Default: no page of another origin may call. */
  readonly cors?: CorsOptions;
  /** Asks for keys by the functions' levels and for the host's own routes. Default: no keys are asked for. */
  readonly keys?: KeyGuard;
  /** Largest request body in bytes. Default 100 MB, as the real host. */
  readonly maxBodyBytes?: number;
  /** Time for a client to send its headers, in milliseconds. Default 20 s. */
  readonly headersTimeoutMs?: number;
  /** Time for a client to send its whole request, in milliseconds. Default 120 s. */
  readonly requestTimeoutMs?: number;
  /** What keeps the host from doing its work, in a word, for its status page. Default: nothing ever does. */
  readonly problem?: () => string | undefined;
  /** Called for each request. */
  readonly onRequest?: () => void;
  /** Default: no logs. */
  readonly logger?: Logger;
}

export interface ListenInfo {
  readonly port: number;
  readonly addresses: readonly string[];
  /** How a person reaches it, without a trailing slash. */
  readonly url: string;
}

/** Serves the HTTP functions of an app, the host's own pages, and what is mounted beside them. */
export class FunctionsHttpServer {
  readonly #options: HttpServerOptions;
  readonly #logger: Logger;
  readonly #mounts: Mounts;
  readonly #inFlight = new InFlight();
  #servers: readonly Server[] = [];
  #serving: Serving | undefined;
  #state: 'open' | 'draining' | 'closed' = 'open';
  #stopped: Promise<{ abandoned: number }> | undefined;

  constructor(options: HttpServerOptions = {}) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#mounts = new Mounts(options.keys);
  }

  /** Adds routes of the host under a path prefix, ahead of the app's functions. */
  mount(prefix: string, handler: MountHandler, options?: MountOptions): void {
    this.#mounts.add(prefix, handler, options);
  }

  /** Takes the port. Until `serve` is called, requests are answered 503. @throws ListenError */
  async listen(): Promise<ListenInfo> {
    const { port, host } = this.#options;
    const { servers, addresses, port: actual } = await listen(() => this.#createServer(), port ?? 7071, host);
    this.#servers = servers;
    const isOpen = host === undefined || host === '0.0.0.0' || host === '::';
    const name = isOpen ? 'localhost' : host.includes(':') ? `[${host}]` : host;
    return { port: actual, addresses, url: `http://${name}:${actual}` };
  }

  /** Starts answering for the app. Functions whose route cannot be served are left out and logged. */
  serve(app: ServableApp, options: RouterOptions = {}): Router {
    const router = new Router(app.functions, options);
    for (const { fn, error } of router.problems) {
      this.#logger.error(`Function "${fn.name}" is not served. ${error.message}`);
    }
    this.#serving = { app, router };
    return router;
  }

  /**
   * Stops: new requests are answered 503 with `Retry-After` while those being answered get time to end; then everything
   * is closed.
   *
   * @param graceMs time for them, in milliseconds; default 10 s
   * @returns how many were cut off
   */
  stop(graceMs = 10_000): Promise<{ abandoned: number }> {
    this.#stopped ??= this.#drainAndClose(graceMs);
    return this.#stopped;
  }

  async #drainAndClose(graceMs: number): Promise<{ abandoned: number }> {
    this.#state = 'draining';
    await this.#inFlight.drain(graceMs);
    this.#state = 'closed';
    const abandoned = this.#inFlight.size;
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const server of this.#servers) {
      server.closeAllConnections();
    }
    await Promise.all(closed);
    return { abandoned };
  }

  #createServer(): Server {
    const headersTimeout = this.#options.headersTimeoutMs ?? 20_000;
    const requestTimeout = this.#options.requestTimeoutMs ?? 120_000;
    const server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout,
      requestTimeout,
      connectionsCheckingInterval: Math.min(10_000, headersTimeout),
    });
    server.on('request', (request, response) => this.#answer(request, response, false));
    server.on('checkContinue', (request, response) => this.#answer(request, response, true));
    return server;
  }

  #answer(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    if (this.#state !== 'open') {
      sendText(response, 503, 'The host is stopping.', { 'retry-after': RETRY_AFTER_SECONDS, connection: 'close' });
      return;
    }
    this.#inFlight.add(response);
    this.#options.onRequest?.();
    this.#handle(request, response, awaitsContinue).catch((error: unknown) => {
      this.#logger.error(`${request.method} ${request.url?.split('?')[0]} failed`, error);
      if (response.headersSent) {
        response.destroy();
      } else {
        sendResponse(response, { status: 500 });
      }
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): Promise<void> {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.#logger.warn(`Refused a request. ${refusal}`);
      sendText(response, 403, refusal, { connection: 'close' });
      return;
    }
    const target = request.url ?? '';
    const base = `http://${request.headers.host}`;
    if (!target.startsWith('/') || !URL.canParse(base + target)) {
      sendText(response, 400, 'The request target has to be a path.');
      return;
    }
    if (this.#answerCors(request, response)) {
      return;
    }
    await this.#dispatch({
      request,
      response,
      awaitsContinue,
      method: request.method ?? 'GET',
      url: new URL(base + target),
      maxBodyBytes: this.#options.maxBodyBytes ?? 100 * 1024 * 1024,
    });
  }

  #refusal(request: IncomingMessage): string | undefined {
    const { allowedHosts = [], host, cors = {} } = this.#options;
    return refusalFor(request.headers, {
      allowedHosts: host === undefined ? allowedHosts : [...allowedHosts, host],
      loopbackOnly: host === undefined,
      isAllowedOrigin: (origin) => isListedOrigin(origin, cors),
    });
  }

  /** Sets the headers for a listed origin. True when the request was only a question about them. */
  #answerCors(request: IncomingMessage, response: ServerResponse): boolean {
    const { cors = {} } = this.#options;
    const { origin } = request.headers;
    if (origin === undefined || !isListedOrigin(origin, cors)) {
      return false;
    }
    response.setHeaders(new Map(Object.entries(corsHeaders(origin, cors)) as [string, string][]));
    if (!isPreflight(request)) {
      return false;
    }
    sendResponse(response, { status: 204, headers: preflightHeaders(request) });
    return true;
  }

  async #dispatch(exchange: HttpExchange): Promise<void> {
    const { response, method, url } = exchange;
    const { keys } = this.#options;
    const serving = this.#serving;
    const own = answerAdmin(method, url, serving, this.#options.problem?.());
    if (own) {
      if (!keys?.refuses(exchange, { kind: 'master' })) {
        sendResponse(response, own);
      }
      return;
    }
    if (!serving) {
      sendText(response, 503, 'The app is starting.', { 'retry-after': RETRY_AFTER_SECONDS });
      return;
    }
    if (await this.#mounts.answer(exchange)) {
      return;
    }
    const path = decodePath(url.pathname);
    if (!path) {
      sendText(response, 400, 'The path has a malformed percent escape.');
      return;
    }
    const match = serving.router.match(method, path);
    if (!match) {
      sendResponse(response, homePage(method, url, serving) ?? { status: 404 });
    } else if (!keys?.refuses(exchange, accessOf(match.route.fn), 401)) {
      await serveFunction(serving.app, match, exchange, this.#logger);
    }
  }
}
