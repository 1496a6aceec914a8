import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from '../keys/access.ts';
import type { KeyGuard } from '../keys/key-guard.ts';
import { type HttpExchange, takeBody } from './http-exchange.ts';
import { type PlainResponse, sendResponse, sendText } from './http-response.ts';
import { isUnder } from './request-path.ts';

export interface MountRequest {
  /** Upper case. */
  readonly method: string;
  /** Absolute, as the client wrote it; the path still percent-encoded. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** Empty when there is none. */
  readonly body: Buffer;
}

export type MountHandler = (request: MountRequest) => Promise<PlainResponse>;

export interface MountOptions {
  /** Answer only connections from this machine, whatever addresses the server listens on. Default false. */
  readonly loopbackOnly?: boolean;
  /** What a request has to show where keys are asked for. Default: the master key. */
  readonly access?: Access;
}

interface Mount extends MountOptions {
  readonly prefix: string;
  readonly handler: MountHandler;
}

/** Routes that belong to the host and its extensions. They come before the app's functions. */
export class Mounts {
  readonly #mounts: Mount[] = [];
  readonly #keys: KeyGuard | undefined;

  /** @param keys default: no keys are asked for */
  constructor(keys?: KeyGuard) {
    this.#keys = keys;
  }

  add(prefix: string, handler: MountHandler, options: MountOptions = {}): void {
    this.#mounts.push({ ...options, prefix, handler });
    // The longest prefix is asked first.
    this.#mounts.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** Answers the request if a mount is responsible for its path. */
  async answer(exchange: HttpExchange): Promise<boolean> {
    const mount = this.#mounts.find(({ prefix }) => isUnder(exchange.url.pathname, prefix));
    if (!mount) {
      return false;
    }
    const { request, response, method, url } = exchange;
    if (mount.loopbackOnly && !isLoopback(request.socket.remoteAddress)) {
      sendText(response, 403, 'Reachable from this machine only.');
      return true;
    }
    if (this.#keys?.refuses(exchange, mount.access ?? { kind: 'master' })) {
      return true;
    }
    const body = await takeBody(exchange);
    if (body) {
      sendResponse(response, await mount.handler({ method, url, headers: request.headers, body }));
    }
    return true;
  }
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address ?? '');
}
