import { turnInstancePrefix } from '../ids.ts';
import type { StateDocument } from '../state/entity-state.ts';
import type { SessionAction } from './session-actions.ts';
import { readBookkeeping, writeBookkeeping } from './session-bookkeeping.ts';

/**
 * Remembers the orchestration of a turn that is about to end, and asks for the removal of the one before it, so that a
 * session has the history of one ended turn at most. One that an orchestration of the app called stays with its parent.
 */
export function replaceEnded(
  state: StateDocument,
  instanceId: string,
): { state: StateDocument; actions: SessionAction[] } {
  const { endedInstance } = readBookkeeping(state);
  if (!instanceId.startsWith(turnInstancePrefix) || endedInstance === instanceId) return { state, actions: [] };
  return { state: writeBookkeeping(state, { endedInstance: instanceId }), actions: purgeEnded(state) };
}

/** Asks for the removal of what is left of the turns of a session that goes. */
export function purgeEnded(state: StateDocument): SessionAction[] {
  const { endedInstance } = readBookkeeping(state);
  return endedInstance === undefined ? [] : [{ type: 'purge', instanceId: endedInstance }];
}
