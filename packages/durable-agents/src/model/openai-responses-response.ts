import type { Content } from '../agent/content.ts';
import type { FinishReason } from '../agent/response.ts';
import { ModelError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import type { ChatResponse } from './chat-client.ts';
import { isLoose, type Loose, textOrNothing } from './loose-json.ts';
import { toEventError } from './openai-errors.ts';
import { type ItemSource, reasoningContent } from './openai-reasoning.ts';
import { responsesUsage } from './openai-usage.ts';
import { writtenArguments } from './written-arguments.ts';

/**
 * An answer of the Responses API as ours.
 *
 * @throws ModelError `modelBadResponse` if there is no output in it, or what the server's own error says.
 */
export function fromResponsesResponse(body: unknown, source: ItemSource): ChatResponse {
  if (!isLoose(body)) throw badResponse('is not a JSON object');
  if (isLoose(body.error)) throw toEventError(body.error);
  if (!Array.isArray(body.output)) throw badResponse('has no output');
  const { status = 'completed' } = body;
  if (status !== 'completed' && status !== 'incomplete') throw badResponse(`has the status ${JSON.stringify(status)}`);
  const contents = body.output.filter(isLoose).flatMap((item) => itemContents(item, source));
  const usage = responsesUsage(body.usage);
  const responseId = textOrNothing(body.id);
  const modelId = textOrNothing(body.model);
  return {
    messages: [{ role: 'assistant', contents }],
    finishReason: finishReason(body, contents),
    ...(usage && { usage }),
    ...(responseId !== undefined && { responseId }),
    ...(modelId !== undefined && { modelId }),
  };
}

function itemContents(item: Loose, source: ItemSource): Content[] {
  switch (item.type) {
    case 'message':
      return Array.isArray(item.content) ? item.content.filter(isLoose).flatMap(messagePart) : [];
    case 'reasoning':
      return [reasoningContent(item, source)];
    case 'function_call':
      if (textOrNothing(item.name) === undefined) return [];
      return [
        {
          type: 'functionCall',
          callId: textOrNothing(item.call_id) ?? '',
          name: item.name as string,
          arguments: writtenArguments(item.arguments),
        },
      ];
    default:
      // The work of a tool that the provider runs: kept for the record.
      return [{ type: 'unknown', content: item as JsonValue }];
  }
}

function messagePart(part: Loose): Content[] {
  const text = textOrNothing(part.text);
  if (part.type === 'output_text' && text !== undefined) return [{ type: 'text', text }];
  if (part.type !== 'refusal') return [];
  return [{ type: 'error', errorCode: 'modelRefused', message: textOrNothing(part.refusal) ?? 'no reason given' }];
}

function finishReason({ status, incomplete_details: details }: Loose, contents: readonly Content[]): FinishReason {
  if (contents.some(({ type }) => type === 'error')) return 'contentFilter';
  if (status === 'incomplete') {
    return isLoose(details) && details.reason === 'content_filter' ? 'contentFilter' : 'length';
  }
  return contents.some(({ type }) => type === 'functionCall') ? 'toolCalls' : 'stop';
}

function badResponse(problem: string): ModelError {
  return new ModelError('modelBadResponse', `The model server's answer ${problem}.`, {
    fix: 'Check that the address is one of a server with the Responses API, or use Chat Completions.',
  });
}
