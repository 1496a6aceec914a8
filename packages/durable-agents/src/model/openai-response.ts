import type { Content, FunctionCallContent } from '../agent/content.ts';
import type { FinishReason } from '../agent/response.ts';
import { ModelError } from '../errors.ts';
import type { ChatResponse } from './chat-client.ts';
import { isLoose } from './loose-json.ts';
import { chatUsage } from './openai-usage.ts';
import { writtenArguments } from './written-arguments.ts';

/**
 * A Chat Completions answer as ours. Read field by field, as compatible servers differ from the documented form.
 *
 * @throws ModelError `modelBadResponse` if there is no message in it.
 */
export function fromOpenAIResponse(body: unknown): ChatResponse {
  if (!isLoose(body)) throw badResponse('is not a JSON object');
  const choice = Array.isArray(body.choices) ? body.choices[0] : undefined;
  if (!isLoose(choice)) throw badResponse('has no choices');
  const message = choice.message;
  if (!isLoose(message)) throw badResponse('has a choice without a message');
  const contents: Content[] = [];
  const reasoning = message.reasoning_content ?? message.reasoning;
  if (typeof reasoning === 'string' && reasoning !== '') contents.push({ type: 'reasoning', text: reasoning });
  const text = textOf(message.content);
  if (text !== '') contents.push({ type: 'text', text });
  contents.push(...toolCalls(message.tool_calls));
  const refusal = typeof message.refusal === 'string' && message.refusal !== '' ? message.refusal : undefined;
  if (refusal !== undefined) contents.push({ type: 'error', errorCode: 'modelRefused', message: refusal });
  const usage = chatUsage(body.usage);
  return {
    messages: [{ role: 'assistant', contents }],
    finishReason: refusal === undefined ? finishReason(choice.finish_reason) : 'contentFilter',
    ...(usage && { usage }),
    ...(typeof body.id === 'string' && body.id !== '' && { responseId: body.id }),
    ...(typeof body.model === 'string' && body.model !== '' && { modelId: body.model }),
  };
}

/** A string, or with some servers a list of text parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isLoose(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

function toolCalls(calls: unknown): FunctionCallContent[] {
  if (!Array.isArray(calls)) return [];
  return calls.filter(isLoose).flatMap((call): FunctionCallContent[] => {
    if (!isLoose(call.function) || typeof call.function.name !== 'string') return [];
    return [
      {
        type: 'functionCall',
        callId: typeof call.id === 'string' ? call.id : '',
        name: call.function.name,
        arguments: writtenArguments(call.function.arguments),
      },
    ];
  });
}

function finishReason(reason: unknown): FinishReason {
  switch (reason) {
    case 'length':
      return 'length';
    case 'content_filter':
      return 'contentFilter';
    case 'tool_calls':
    case 'function_call':
      return 'toolCalls';
    default:
      return 'stop';
  }
}

function badResponse(problem: string): ModelError {
  return new ModelError('modelBadResponse', `The model server's answer ${problem}.`, {
    fix: 'Check that the base URL points to an OpenAI-compatible Chat Completions server.',
  });
}
