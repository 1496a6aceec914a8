import type OpenAI from 'openai';
import type { ChatRequest } from './chat-client.ts';
import { toOpenAIMessages } from './openai-messages.ts';
import { namedSchema } from './strict-schema.ts';

type Params = Omit<OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming, 'stream'>;

/**
 * The request body for Chat Completions. `maxTokensField`: OpenAI and Azure take `max_completion_tokens`; most
 * compatible servers know the older `max_tokens` only.
 */
export function toOpenAIRequest(
  model: string,
  request: ChatRequest,
  maxTokensField: 'max_completion_tokens' | 'max_tokens',
  provider: string,
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
  if (request.responseFormat !== undefined) {
    params.response_format = { type: 'json_schema', json_schema: namedSchema(request.responseFormat, provider) };
  }
  return params;
}
