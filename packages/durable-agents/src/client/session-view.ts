import type { ChatMessage } from '../agent/message.ts';
import { type Approval, pendingApprovals } from '../entity/approvals.ts';
import { readBookkeeping } from '../entity/session-bookkeeping.ts';
import type { SessionKey } from '../ids.ts';
import { historyOf, type StateDocument } from '../state/entity-state.ts';
import { readMessages } from '../state/message-codec.ts';

/** A message of a session, with the turn it belongs to. */
export interface SessionMessage extends ChatMessage {
  correlationId?: string | undefined;
}

/** What is known of a session. */
export interface SessionView {
  sessionId: SessionKey;
  agentName: string;
  status: 'idle' | 'running' | 'waitingForApproval';
  schemaVersion: string;
  /** Entries in the history, two a turn. */
  messageCount: number;
  /** Size of the stored state, in bytes. */
  stateBytes: number;
  /** RFC 3339 time after which the session may be deleted. */
  expiresAt?: string | undefined;
  activeTurn?: { correlationId: string; startedAt: string } | undefined;
  /** Turns that wait, in their order. */
  queuedTurns: { correlationId: string; enqueuedAt: string }[];
  pendingApprovals: Approval[];
  /** The messages that are still there, oldest first. */
  messages: SessionMessage[];
}

/**
 * A session as its stored state shows it. Turns that run within an operation are in no state until they have ended.
 *
 * @param whole the state with the part of the conversation that is kept outside of it
 */
export function sessionView(
  agentName: string,
  sessionId: SessionKey,
  state: StateDocument,
  whole: StateDocument = state,
): SessionView {
  const { active, queue } = readBookkeeping(state).turns;
  const approvals = pendingApprovals(state);
  const { expirationTimeUtc } = state.data;
  return {
    sessionId,
    agentName,
    status: active === undefined ? 'idle' : approvals.length > 0 ? 'waitingForApproval' : 'running',
    schemaVersion: state.schemaVersion,
    messageCount: historyOf(whole).length,
    stateBytes: Buffer.byteLength(JSON.stringify(state)),
    expiresAt: expirationTimeUtc ?? undefined,
    activeTurn: active && { correlationId: active.correlationId, startedAt: active.startedAt },
    queuedTurns: queue.map(({ correlationId, enqueuedAt }) => ({ correlationId, enqueuedAt })),
    pendingApprovals: approvals,
    messages: messagesOf(whole),
  };
}

function messagesOf(state: StateDocument): SessionMessage[] {
  return historyOf(state).flatMap(({ correlationId, messages }) =>
    readMessages(messages).map((message) => ({
      ...message,
      ...(typeof correlationId === 'string' && { correlationId }),
    })),
  );
}
