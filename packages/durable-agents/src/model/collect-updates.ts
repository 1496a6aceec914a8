import { ModelError } from '../errors.ts';
import type { ChatResponse, ChatUpdate } from './chat-client.ts';

/**
 * Reads a stream to its response. Every update is reported, the response last.
 *
 * @throws ModelError `modelUnavailable` if the stream ends without a response, and whatever the stream throws.
 */
export async function collectUpdates(
  updates: AsyncIterable<ChatUpdate>,
  report: (update: ChatUpdate) => void,
): Promise<ChatResponse> {
  for await (const update of updates) {
    report(update);
    if (update.type === 'response') return update.response;
  }
  throw new ModelError('modelUnavailable', "The model's answer ended before it was complete.", {
    fix: 'Try again; if it stays so, the model client does not end its streams with a response.',
    retryable: true,
  });
}
