import type { StateDocument } from '../../src/state/entity-state.ts';

/** A document as another runtime may have left it: a tool turn, a failed turn, and things that we do not know. */
export function foreignDocument(): StateDocument {
  return {
    schemaVersion: '1.1.0',
    data: {
      conversationHistory: [
        {
          $type: 'request',
          correlationId: 'turn-1',
          createdAt: '2026-07-14T09:00:00.000Z',
          responseType: 'text',
          futureField: [1, { deep: null }],
          messages: [
            {
              role: 'user',
              contents: [
                { $type: 'text', text: 'How warm is it in Gdańsk?' },
                { $type: 'uri', uri: 'https://maps.example/a.png', mediaType: 'image/png' },
                { $type: 'hologram', depth: 3 },
              ],
            },
          ],
        },
        {
          $type: 'response',
          correlationId: 'turn-1',
          createdAt: '2026-07-14T09:00:03.412Z',
          usage: { inputTokenCount: 12, outputTokenCount: null, extensionData: { cached: 3 } },
          messages: [
            {
              role: 'assistant',
              authorName: 'Weather',
              contents: [
                { $type: 'reasoning', text: 'A forecast is needed.' },
                { $type: 'functionCall', callId: 'call_01', name: 'forecast', arguments: { city: 'Gdańsk' } },
              ],
            },
            { role: 'tool', contents: [{ $type: 'functionResult', callId: 'call_01', result: { highC: 23.5 } }] },
            { role: 'assistant', contents: [{ $type: 'text', text: '23.5 °C' }], extensionData: { traceId: 'abc' } },
          ],
        },
        { $type: 'telemetry', note: 'an entry of a later version' },
        {
          $type: 'request',
          correlationId: 'turn-2',
          messages: [{ role: 'user', contents: [{ $type: 'text', text: 'And tomorrow?' }] }],
        },
        {
          $type: 'response',
          correlationId: 'turn-2',
          messages: [
            {
              role: 'assistant',
              contents: [{ $type: 'error', message: 'Answered 429.', errorCode: 'RateLimitError' }],
            },
          ],
          extensionData: { isError: true },
        },
      ],
      expirationTimeUtc: '2026-07-28T09:00:03.412Z',
      session: { serviceSessionId: 'conv_1' },
    },
    futureRoot: { kept: true },
  };
}

/** The text of a document with one field deep inside replaced. */
export function withHistory(entries: unknown[]): unknown {
  return { schemaVersion: '1.1.0', data: { conversationHistory: entries } };
}

export function withContent(content: unknown): unknown {
  return withHistory([{ $type: 'request', messages: [{ role: 'user', contents: [content] }] }]);
}
