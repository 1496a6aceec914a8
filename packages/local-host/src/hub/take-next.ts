import { EventType } from '../engine/history.ts';
import type { Instance } from '../engine/instance.ts';
import type { StoredMessage } from '../store/store.ts';
import { decodeMessage, isFor, isOrder } from './inbox.ts';

/**
 * Takes off the queue what the next step of an instance handles: while it is suspended only orders, and an order goes
 * first and alone.
 *
 * @returns undefined if everything has to wait
 */
export function takeNext(instance: Instance | undefined, queue: StoredMessage[]): StoredMessage[] | undefined {
  // Without a record yet, the start is among the messages and has to come first.
  const order = instance === undefined ? -1 : queue.findIndex((message) => isOrderFor(instance, message));
  if (order >= 0) {
    const taken = queue.splice(order, 1);
    if (!decodeMessage(taken[0]!).override) return taken;
    // What came before it and names no execution was for the run that ends here.
    const open = (message: StoredMessage, index: number) =>
      index < order &&
      decodeMessage(message).executionId === null &&
      decodeMessage(message).event.EventType !== EventType.ExecutionStarted;
    const stale = queue.filter(open);
    for (const message of stale) queue.splice(queue.indexOf(message), 1);
    return [...stale, ...taken];
  }
  if (instance?.status === 'Suspended') return undefined;
  return queue.splice(0);
}

/** An order for another execution waits with that one's start. */
function isOrderFor(instance: Instance, message: StoredMessage): boolean {
  const decoded = decodeMessage(message);
  const { executionId, event, override } = decoded;
  return isOrder(decoded) && (override === true || isFor(instance, executionId, event));
}
