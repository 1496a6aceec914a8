import { textMessage } from '../../src/agent/message.ts';
import type { StateDocument } from '../../src/state/entity-state.ts';
import { recordTurn, type TurnEnding } from '../../src/state/record-turn.ts';
import type { RequestFacts } from '../../src/state/turn-entries.ts';

const askedAt = '2026-03-01T10:00:00.000Z';
export const endedAt = '2026-03-01T10:00:03.000Z';

/** A turn with everything that schema 1.1 has no place for. */
export const request: RequestFacts = {
  correlationId: 'mine',
  createdAt: askedAt,
  messages: [
    { role: 'developer', contents: [{ type: 'text', text: 'Be short.' }] },
    { role: 'user', contents: [{ type: 'uri', uri: 'https://x.example/a.png' }] },
  ],
};

export const ending = {
  status: 'completed',
  createdAt: endedAt,
  response: {
    text: 'Done.',
    messages: [
      { role: 'assistant', contents: [{ type: 'functionCall', callId: 'c', name: 'f', arguments: ' { "bro' }] },
      { role: 'tool', contents: [{ type: 'functionResult', callId: 'c', result: null }] },
      { role: 'assistant', authorName: 'A', contents: [{ type: 'text', text: 'Done.' }] },
    ],
    usage: { totalTokenCount: 7 },
    finishReason: 'stop',
    value: false,
    agentId: 'A',
    responseId: 'r',
    createdAt: endedAt,
    metadata: { provider: 'offline', simulated: true },
  },
} satisfies TurnEnding;

export const failed = {
  status: 'failed',
  createdAt: endedAt,
  failure: { code: 'modelRateLimited', message: 'Slow down.', retryable: true, retryAfterMs: 3000 },
  messages: [],
  authorName: 'A',
} satisfies TurnEnding;

/** One plain exchange at the end of a document. */
export function withExchange(
  state: StateDocument,
  correlationId: string,
  asked: string,
  answered: string,
): StateDocument {
  const response = { text: answered, messages: [textMessage('assistant', answered)] };
  const ends: TurnEnding = { status: 'completed', createdAt: endedAt, response };
  return recordTurn(state, { correlationId, createdAt: askedAt, messages: [textMessage('user', asked)] }, ends);
}
