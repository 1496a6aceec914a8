import type { SessionPage } from '../client/session-client.ts';
import type { SessionMessage, SessionView } from '../client/session-view.ts';
import type { JsonObject } from '../json.ts';
import { withoutUndefined } from '../state/content-codec.ts';
import { storeMessageLossless } from '../state/message-codec.ts';
import { approvalView } from './approval-view.ts';

/** A session as callers see it, with its last messages. */
export function sessionJson(view: SessionView, messageCount: number): JsonObject {
  const { sessionId: _, agentName, messages, pendingApprovals, ...facts } = view;
  return withoutUndefined({
    ...facts,
    agent: agentName,
    pendingApprovals: pendingApprovals.map(approvalView),
    // slice(-0) would be all of them.
    messages: messageCount === 0 ? [] : messages.slice(-messageCount).map(messageJson),
  });
}

export function pageJson(agent: string, { sessions, continuation }: SessionPage): JsonObject {
  return withoutUndefined({
    agent,
    sessions: sessions.map((session) => withoutUndefined({ ...session })),
    continuation,
  });
}

function messageJson({ correlationId, ...message }: SessionMessage): JsonObject {
  return withoutUndefined({ ...storeMessageLossless(message), correlationId });
}
