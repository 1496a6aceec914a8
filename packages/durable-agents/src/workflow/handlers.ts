import { ConfigurationError } from '../errors.ts';
import type { AnsweredRequest } from './effects.ts';
import type { ExecutorContext } from './executor-context.ts';
import type { AnyRequestPort, RequestPort } from './request-port.ts';
import { isSchema, type Read, type ValueSchema, type Written } from './schema.ts';

/** What an executor does with one type of message. */
export interface MessageHandler {
  readonly kind: 'handler';
  /** Undefined takes every message. */
  readonly accepts: ValueSchema | undefined;
  readonly handle: (message: never, ctx: ExecutorContext) => unknown;
}

/** What an executor does with an answer to its question. */
export interface ResponseHandler {
  readonly kind: 'responseHandler';
  readonly port: AnyRequestPort;
  readonly handle: (response: never, ctx: ExecutorContext, request: never) => unknown;
}

/** A request as its response handler gets it. */
export interface RequestOf<Data> extends Omit<AnsweredRequest, 'data'> {
  data: Data;
}

/**
 * A handler of an {@link Executor}: for messages of a type, or for those that fit a schema.
 *
 * @throws ConfigurationError `invalidExecutor`
 */
export function handler<Accepts extends ValueSchema>(
  accepts: Accepts,
  handle: (message: Read<Accepts>, ctx: ExecutorContext) => unknown,
): MessageHandler {
  if (!isSchema(accepts) || typeof handle !== 'function') {
    throw new ConfigurationError('invalidExecutor', 'A handler needs a schema or message type, and a function.', {
      fix: 'Write handler(type, (message, ctx) => …).',
    });
  }
  return { kind: 'handler', accepts, handle };
}

/**
 * What an executor does with answers that come through a port: it gets the answer, and the request it belongs to.
 *
 * @throws ConfigurationError `invalidExecutor`
 */
export function responseHandler<Request extends ValueSchema | undefined, Response extends ValueSchema | undefined>(
  port: RequestPort<Request, Response>,
  handle: (response: Read<Response>, ctx: ExecutorContext, request: RequestOf<Written<Request>>) => unknown,
): ResponseHandler {
  if (port?.kind !== 'port' || typeof handle !== 'function') {
    throw new ConfigurationError('invalidExecutor', 'A response handler needs a request port and a function.', {
      fix: 'Write responseHandler(port, (response, ctx, request) => …).',
    });
  }
  return { kind: 'responseHandler', port: port as unknown as AnyRequestPort, handle };
}
