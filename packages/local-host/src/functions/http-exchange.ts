import type { IncomingMessage, ServerResponse } from 'node:http';
import { announcesTooMuch, readBody } from './read-body.ts';
import { refuseBody } from './refuse-body.ts';

/** One request with its response, and what the server found out about it so far. */
export interface HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Upper case. */
  readonly method: string;
  /** Absolute, with dot segments resolved. */
  readonly url: URL;
  /** Bytes. */
  readonly maxBodyBytes: number;
  /** The client sent `Expect: 100-continue` and waits to be told to go on. */
  readonly awaitsContinue: boolean;
}

/** The whole body, or `undefined` when there is nothing more to do: it was too large and refused, or the client left. */
export async function takeBody(exchange: HttpExchange): Promise<Buffer | undefined> {
  const { request, response, maxBodyBytes } = exchange;
  if (!admitBody(exchange)) {
    return undefined;
  }
  const outcome = await readBody(request, maxBodyBytes);
  if (outcome.kind === 'tooLarge') {
    refuseBody(request, response, maxBodyBytes);
  }
  return outcome.kind === 'complete' ? outcome.body : undefined;
}

/** Refuses a body that is announced as too large; lets any other one come. */
export function admitBody(exchange: HttpExchange): boolean {
  if (announcesTooMuch(exchange.request, exchange.maxBodyBytes)) {
    refuseBody(exchange.request, exchange.response, exchange.maxBodyBytes);
    return false;
  }
  if (exchange.awaitsContinue) {
    exchange.response.writeContinue();
  }
  return true;
}
