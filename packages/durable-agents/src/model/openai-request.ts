import type OpenAI from 'openai';
import type { JsonSchema, JsonValue } from '../json.ts';
import type { ChatRequest } from './chat-client.ts';
import { toOpenAIMessages } from './openai-messages.ts';

type Params = Omit<OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming, 'stream'>;

/**
 * The request body for Chat Completions. `maxTokensField`: OpenAI and Azure take `max_completion_tokens`; most
 * compatible servers know the older `max_tokens` only.
 */
export function toOpenAIRequest(
  model: string,
  request: ChatRequest,
  maxTokensField: 'max_completion_tokens' | 'max_tokens',
): Params {
  const { temperature, topP, maxOutputTokens, stop, seed, reasoningEffort, toolChoice, extra } = request.options;
  const params: Params = {
    // First, so that it cannot replace what is below.
    ...extra,
    model,
    messages: toOpenAIMessages(request.messages),
  };
  if (temperature !== undefined) params.temperature = temperature;
  if (topP !== undefined) params.top_p = topP;
  if (maxOutputTokens !== undefined) params[maxTokensField] = maxOutputTokens;
  if (stop !== undefined) params.stop = stop;
  if (seed !== undefined) params.seed = seed;
  if (reasoningEffort !== undefined)
    params.reasoning_effort = reasoningEffort as NonNullable<Params['reasoning_effort']>;
  if (request.tools.length > 0) {
    params.tools = request.tools.map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, description, parameters },
    }));
    if (toolChoice !== undefined) params.tool_choice = toolChoice;
  }
  if (request.responseFormat !== undefined) params.response_format = responseFormat(request.responseFormat);
  return params;
}

function responseFormat(schema: JsonSchema): NonNullable<Params['response_format']> {
  const title = typeof schema.title === 'string' ? schema.title.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) : '';
  return {
    type: 'json_schema',
    json_schema: { name: title || 'answer', schema, strict: isStrict(schema) },
  };
}

/** Strict mode takes only schemas whose objects are closed and require all of their properties; else it is an error. */
function isStrict(schema: JsonValue | undefined): boolean {
  if (typeof schema !== 'object' || schema === null) return true;
  if (Array.isArray(schema)) return schema.every(isStrict);
  if (schema.type === 'object') {
    const { properties, required } = schema;
    const names = typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
    if (schema.additionalProperties !== false) return false;
    if (!names.every((name) => Array.isArray(required) && required.includes(name))) return false;
  }
  return Object.values(schema).every(isStrict);
}
