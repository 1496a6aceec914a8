import { app, type InvocationContext } from '@azure/functions';
import type { EntityContext } from 'durable-functions';
import { StateError } from '../../errors.ts';
import type { StateDocument } from '../../state/entity-state.ts';

/**
 * The state of the entity that an invocation is for, as it stands after the operations of its batch so far.
 * durable-functions parses it with `JSON.parse`, which spoils long numbers, so the text is taken before that.
 */
const current = new WeakMap<InvocationContext, unknown>();

/** Makes the hosts' text of entity states available. Call once, while functions are being registered. */
export function keepStateText(): void {
  app.hook.preInvocation(({ invocationContext, inputs }) => {
    if (invocationContext.options.trigger.type !== 'entityTrigger') return;
    const state = (inputs[0] as { state?: unknown } | undefined)?.state;
    if (typeof state === 'string') current.set(invocationContext, state);
  });
}

/** @throws StateError `invalidState` */
export function readEntityState(context: EntityContext<unknown>): unknown {
  if (current.has(context)) return current.get(context);
  try {
    return context.df.getState();
  } catch (cause) {
    throw new StateError('invalidState', "The session's stored state is not JSON.", { cause });
  }
}

/** Whether there is a state, be it one that can be read or not. */
export function hasEntityState(context: EntityContext<unknown>): boolean {
  if (current.has(context)) return !isNothing(current.get(context));
  try {
    return !isNothing(context.df.getState());
  } catch {
    // It is not JSON, so it is not nothing.
    return true;
  }
}

function isNothing(state: unknown): boolean {
  return state === undefined || state === null || state === '';
}

export function writeEntityState(context: EntityContext<unknown>, state: StateDocument): void {
  context.df.setState(state);
  current.set(context, state);
}

export function deleteEntityState(context: EntityContext<unknown>): void {
  context.df.destructOnExit();
  current.set(context, undefined);
}
