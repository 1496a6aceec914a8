import type { ChatMessage } from '../agent/message.ts';
import type { JsonObject } from '../json.ts';
import type { StateDocument } from '../state/entity-state.ts';
import { conversationOf, withAsked } from '../state/history.ts';
import { readRunRequest } from './run-request.ts';
import type { SessionAction } from './session-actions.ts';
import { type ActiveTurn, type QueuedTurn, readBookkeeping, writeBookkeeping } from './session-bookkeeping.ts';

/** How turns of a session become orchestrations; the host's names. */
export interface TurnStarter {
  /** Actions that make a turn run: start its orchestration, or wake the one that waits for its place. */
  start(turn: QueuedTurn): { instanceId: string; actions: SessionAction[] };
}

/** Puts a message at the end of the session's queue; nothing happens if it is there already. */
export function enqueueTurn(state: StateDocument, turn: QueuedTurn): StateDocument {
  const { turns } = readBookkeeping(state);
  const known = [turns.active, ...turns.queue].some((other) => other?.correlationId === turn.correlationId);
  return known ? state : writeBookkeeping(state, { turns: { ...turns, queue: [...turns.queue, turn] } });
}

/** Begins the first turn of the queue, if no other is on. */
export function activateNext(
  state: StateDocument,
  now: Date,
  starter: TurnStarter,
): { state: StateDocument; actions: SessionAction[] } {
  const { turns } = readBookkeeping(state);
  const [next, ...queue] = turns.queue;
  if (turns.active !== undefined || next === undefined) return { state, actions: [] };
  const { instanceId, actions } = starter.start(next);
  const { enqueuedAt: _, ...turn } = next;
  const active: ActiveTurn = { ...turn, instanceId, startedAt: now.toISOString() };
  return { state: writeBookkeeping(state, { turns: { ...turns, active, queue } }), actions };
}

/** The session without its active turn. */
export function endActive(state: StateDocument): StateDocument {
  const { turns } = readBookkeeping(state);
  return writeBookkeeping(state, { turns: { ...turns, active: undefined } });
}

/** The session with changes to its active turn. */
export function changeActive(state: StateDocument, changes: JsonObject): StateDocument {
  const { turns } = readBookkeeping(state);
  if (turns.active === undefined) return state;
  return writeBookkeeping(state, { turns: { ...turns, active: { ...turns.active, ...changes } } });
}

/** The session without a turn that still waits; undefined if it does not wait. */
export function dequeueTurn(
  state: StateDocument,
  correlationId: string,
): { state: StateDocument; turn: QueuedTurn } | undefined {
  const { turns } = readBookkeeping(state);
  const turn = turns.queue.find((queued) => queued.correlationId === correlationId);
  if (turn === undefined) return undefined;
  const queue = turns.queue.filter((queued) => queued !== turn);
  return { state: writeBookkeeping(state, { turns: { ...turns, queue } }), turn };
}

/** What a turn's model is given: the conversation so far, and the message of the turn. */
export function turnConversation(state: StateDocument, request: JsonObject, startedAt: string): ChatMessage[] {
  return withAsked(conversationOf(state), askedMessages(request, startedAt));
}

/** The messages of a request, with the time of the turn where they have none. */
export function askedMessages(request: JsonObject, startedAt: string): ChatMessage[] {
  return readRunRequest(request).messages.map((message) => ({ createdAt: startedAt, ...message }));
}
