import type { Content, FunctionCallContent, Usage } from '../agent/content.ts';
import { parseJson } from '../agent/parse-json.ts';
import type { FinishReason } from '../agent/response.ts';
import { ModelError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ChatResponse } from './chat-client.ts';

/** What a server may really send: any field can be missing or of another type. */
interface Loose {
  [key: string]: unknown;
}

/**
 * A Chat Completions answer as ours. Read field by field, as compatible servers differ from the documented form.
 *
 * @throws ModelError `modelBadResponse` if there is no message in it.
 */
export function fromOpenAIResponse(body: unknown): ChatResponse {
  if (!isObject(body)) throw badResponse('is not a JSON object');
  const choice = Array.isArray(body.choices) ? body.choices[0] : undefined;
  if (!isObject(choice)) throw badResponse('has no choices');
  const message = choice.message;
  if (!isObject(message)) throw badResponse('has a choice without a message');
  const contents: Content[] = [];
  const reasoning = message.reasoning_content ?? message.reasoning;
  if (typeof reasoning === 'string' && reasoning !== '') contents.push({ type: 'reasoning', text: reasoning });
  const text = textOf(message.content);
  if (text !== '') contents.push({ type: 'text', text });
  contents.push(...toolCalls(message.tool_calls));
  const refusal = typeof message.refusal === 'string' && message.refusal !== '' ? message.refusal : undefined;
  if (refusal !== undefined) contents.push({ type: 'error', errorCode: 'modelRefused', message: refusal });
  const usage = toUsage(body.usage);
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
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

function toolCalls(calls: unknown): FunctionCallContent[] {
  if (!Array.isArray(calls)) return [];
  return calls.filter(isObject).flatMap((call): FunctionCallContent[] => {
    if (!isObject(call.function) || typeof call.function.name !== 'string') return [];
    return [
      {
        type: 'functionCall',
        callId: typeof call.id === 'string' ? call.id : '',
        name: call.function.name,
        arguments: toolArguments(call.function.arguments),
      },
    ];
  });
}

/** What is no JSON object is kept as the model wrote it: the run loop tells the model about it. */
function toolArguments(written: unknown): JsonObject | string {
  if (written === undefined || written === null) return {};
  const text = typeof written === 'string' ? written : JSON.stringify(written);
  if (text.trim() === '') return {};
  try {
    const parsed = parseJson(text);
    return isObject(parsed) ? (parsed as JsonObject) : text;
  } catch {
    return text;
  }
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

function toUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const usage: Usage = {};
  if (isCount(value.prompt_tokens)) usage.inputTokenCount = value.prompt_tokens;
  if (isCount(value.completion_tokens)) usage.outputTokenCount = value.completion_tokens;
  if (isCount(value.total_tokens)) usage.totalTokenCount = value.total_tokens;
  const details: JsonObject = {};
  const cached = isObject(value.prompt_tokens_details) ? value.prompt_tokens_details.cached_tokens : undefined;
  const reasoning = isObject(value.completion_tokens_details)
    ? value.completion_tokens_details.reasoning_tokens
    : undefined;
  if (isCount(cached)) details.cachedInputTokenCount = cached;
  if (isCount(reasoning)) details.reasoningTokenCount = reasoning;
  if (Object.keys(details).length > 0) usage.extensionData = details;
  return Object.keys(usage).length > 0 ? usage : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function badResponse(problem: string): ModelError {
  return new ModelError('modelBadResponse', `The model server's answer ${problem}.`, {
    fix: 'Check that the base URL points to an OpenAI-compatible Chat Completions server.',
  });
}
