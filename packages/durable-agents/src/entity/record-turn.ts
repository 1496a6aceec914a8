import type { RunOutcome } from '../agent/effects.ts';
import type { ChatMessage } from '../agent/message.ts';
import { failureOf } from '../state/answer.ts';
import { appendEntries, type StateDocument, type StoredEntry } from '../state/entity-state.ts';
import { failureEntry, requestEntry, responseEntry } from '../state/turn-entries.ts';
import type { RunRequest } from './run-request.ts';

/** A turn that has ended. */
export interface TurnRecord {
  agentName: string;
  correlationId: string;
  request: RunRequest;
  startedAt: Date;
  endedAt: Date;
  outcome: RunOutcome;
}

/** The session with the turn at the end of its conversation: what was asked, and the answer or the failure. */
export function recordTurn(state: StateDocument, turn: TurnRecord): StateDocument {
  const { request, startedAt } = turn;
  const createdAt = startedAt.toISOString();
  const messages = stamp(request.messages, startedAt);
  return appendEntries(state, [requestEntry({ ...request, messages, createdAt }), entryOf(turn)]);
}

/** Messages with a time; those that have one keep it. */
export function stamp(messages: readonly ChatMessage[], now: Date): ChatMessage[] {
  return messages.map((message) => ({ createdAt: now.toISOString(), ...message }));
}

function entryOf({ outcome, agentName, correlationId, endedAt }: TurnRecord): StoredEntry {
  const createdAt = endedAt.toISOString();
  if (outcome.status === 'completed') {
    const messages = sign(stamp(outcome.response.messages, endedAt), agentName);
    return responseEntry({ agentId: agentName, ...outcome.response, messages }, { correlationId, createdAt });
  }
  return failureEntry({
    correlationId,
    createdAt,
    failure: failureOf(outcome.error),
    messages: sign(stamp(outcome.messages, endedAt), agentName),
    usage: outcome.usage,
    authorName: agentName,
  });
}

function sign(messages: readonly ChatMessage[], authorName: string): ChatMessage[] {
  return messages.map((message) => (message.role === 'assistant' ? { authorName, ...message } : message));
}
