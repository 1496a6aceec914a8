import type { AnsweredRequest, Delivery } from './effects.ts';
import type { AnyExecutor } from './executor.ts';
import type { ExecutorContext } from './executor-context.ts';
import type { MessageHandler } from './handlers.ts';
import { checkValue, isMessageType } from './schema.ts';

/** A handler, and the message as it takes it. */
export interface Picked {
  ok: true;
  handle: (message: never, ctx: ExecutorContext, request: never) => unknown;
  value: unknown;
  request: AnsweredRequest | undefined;
}

/**
 * The handler for a message. A message with a type goes to the first handler for that type, else, as one without a
 * type, to the first handler that names no type and whose schema it fits; a message without a type also goes to
 * handlers of types, if it fits them.
 */
export async function pickHandler(
  executor: AnyExecutor,
  delivery: Delivery,
): Promise<Picked | { ok: false; problem: string }> {
  if (delivery.kind === 'response') return pickResponseHandler(executor, delivery);
  const { type, value } = delivery;
  const problems: string[] = [];
  for (const { accepts, handle } of candidates(executor.handlers, type)) {
    const checked = await checkValue(accepts, value);
    if (checked.ok) return { ok: true, handle, value: checked.value, request: delivery.request };
    problems.push(isMessageType(accepts) ? `as "${accepts.name}": ${checked.problem}` : checked.problem);
  }
  const what = type === undefined ? '' : `its type is "${type}"`;
  return { ok: false, problem: [what, ...problems].filter((text) => text !== '').join('; ') || 'it has no handler' };
}

function candidates(handlers: readonly MessageHandler[], type: string | undefined): MessageHandler[] {
  if (type === undefined) return [...handlers];
  const own = handlers.filter(({ accepts }) => isMessageType(accepts) && accepts.name === type);
  return own.length > 0 ? own : handlers.filter(({ accepts }) => !isMessageType(accepts));
}

async function pickResponseHandler(
  executor: AnyExecutor,
  { request, value }: Delivery,
): Promise<Picked | { ok: false; problem: string }> {
  const found = executor.responseHandlers.find(({ port }) => port.id === request?.portId);
  if (found === undefined) return { ok: false, problem: `it answers the port "${request?.portId}"` };
  // What was taken because time was up is the app's own value, whatever its form.
  if (request?.timedOut) return { ok: true, handle: found.handle, value, request };
  const checked = await checkValue(found.port.response, value);
  return checked.ok ? { ok: true, handle: found.handle, value: checked.value, request } : checked;
}
