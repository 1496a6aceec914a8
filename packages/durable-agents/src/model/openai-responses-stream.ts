import type { ChatUpdate } from './chat-client.ts';
import { isLoose, type Loose, textOrNothing } from './loose-json.ts';
import { brokenStream, toEventError } from './openai-errors.ts';
import type { ItemSource } from './openai-reasoning.ts';
import { fromResponsesResponse } from './openai-responses-response.ts';

/**
 * A stream of the Responses API as updates. The last event holds the whole answer.
 *
 * @throws ModelError `modelUnavailable` if the stream ends without that event, or what the server's own error says.
 */
export async function* readResponsesStream(
  events: AsyncIterable<unknown>,
  source: ItemSource,
): AsyncGenerator<ChatUpdate, void> {
  const calls = new Map<unknown, string>();
  const items: Loose[] = [];
  for await (const event of events) {
    if (!isLoose(event)) continue;
    switch (event.type) {
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        yield { type: 'response', response: fromResponsesResponse(finalBody(event, items), source) };
        return;
      case 'error':
        throw toEventError(event);
      case 'response.output_item.done':
        if (isLoose(event.item)) items.push(event.item);
        break;
      default:
        yield* toUpdates(event, calls);
    }
  }
  throw brokenStream();
}

function* toUpdates(event: Loose, calls: Map<unknown, string>): Generator<ChatUpdate> {
  const delta = textOrNothing(event.delta);
  switch (event.type) {
    case 'response.output_item.added': {
      const name =
        isLoose(event.item) && event.item.type === 'function_call' ? textOrNothing(event.item.name) : undefined;
      if (name === undefined) return;
      const callId = textOrNothing((event.item as Loose).call_id) ?? `call_${calls.size}`;
      calls.set(event.output_index, callId);
      yield { type: 'functionCall', callId, name };
      return;
    }
    case 'response.function_call_arguments.delta': {
      const callId = calls.get(event.output_index);
      if (callId !== undefined && delta !== undefined) yield { type: 'functionArguments', callId, delta };
      return;
    }
    case 'response.output_text.delta':
      if (delta !== undefined) yield { type: 'text', text: delta };
      return;
    case 'response.reasoning_summary_part.added':
      if (typeof event.summary_index === 'number' && event.summary_index > 0) yield { type: 'reasoning', text: '\n\n' };
      return;
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      if (delta !== undefined) yield { type: 'reasoning', text: delta };
  }
}

/** Some servers leave the output of the last event empty: they have told it item by item. */
function finalBody({ response, type }: Loose, items: readonly Loose[]): unknown {
  if (!isLoose(response)) return response;
  if (type === 'response.failed' && !isLoose(response.error)) return { ...response, error: {} };
  const isEmpty = !Array.isArray(response.output) || response.output.length === 0;
  return isEmpty ? { ...response, output: items } : response;
}
