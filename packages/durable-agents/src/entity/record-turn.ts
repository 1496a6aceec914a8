import type { RunOutcome } from '../agent/effects.ts';
import type { ChatMessage } from '../agent/message.ts';
import { failureOf } from '../state/answer.ts';
import type { TurnEnding } from '../state/record-turn.ts';
import type { RequestFacts } from '../state/turn-entries.ts';
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

/** What was asked, as the session's history keeps it. */
export function askedIn({
  correlationId,
  request,
  startedAt,
}: Pick<TurnRecord, 'correlationId' | 'request' | 'startedAt'>): RequestFacts {
  const messages = stamp(request.messages, startedAt);
  return { ...request, correlationId, messages, createdAt: startedAt.toISOString() };
}

/** Messages with a time; those that have one keep it. */
export function stamp(messages: readonly ChatMessage[], now: Date): ChatMessage[] {
  return messages.map((message) => ({ createdAt: now.toISOString(), ...message }));
}

/** How a turn ended, as the session's history keeps it. */
export function endingOf({
  outcome,
  agentName,
  endedAt,
}: Pick<TurnRecord, 'outcome' | 'agentName' | 'endedAt'>): TurnEnding {
  const createdAt = endedAt.toISOString();
  if (outcome.status === 'completed') {
    const messages = sign(stamp(outcome.response.messages, endedAt), agentName);
    return { status: 'completed', createdAt, response: { agentId: agentName, ...outcome.response, messages } };
  }
  return {
    status: 'failed',
    createdAt,
    failure: failureOf(outcome.error),
    messages: sign(stamp(outcome.messages, endedAt), agentName),
    usage: outcome.usage,
    authorName: agentName,
  };
}

function sign(messages: readonly ChatMessage[], authorName: string): ChatMessage[] {
  return messages.map((message) => (message.role === 'assistant' ? { authorName, ...message } : message));
}
