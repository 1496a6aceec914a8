import type { ChatResponse, ChatUpdate } from './chat-client.ts';

/** A response as the updates of a stream that wrote it: texts word by word, then the response itself. */
export function* updatesOf(response: ChatResponse): Generator<ChatUpdate, void> {
  for (const content of response.messages.flatMap(({ contents }) => contents)) {
    switch (content.type) {
      case 'text':
      case 'reasoning':
        for (const [text] of (content.text ?? '').matchAll(/\s*\S+\s*|\s+/g)) yield { type: content.type, text };
        break;
      case 'functionCall': {
        const { callId, name, arguments: args = {} } = content;
        yield { type: 'functionCall', callId, name };
        yield { type: 'functionArguments', callId, delta: typeof args === 'string' ? args : JSON.stringify(args) };
      }
    }
  }
  yield { type: 'response', response };
}
