import type OpenAI from 'openai';
import { ModelError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import type { ChatRequest } from './chat-client.ts';
import { isLoose, type Loose } from './loose-json.ts';
import type { ItemSource } from './openai-reasoning.ts';
import { toResponsesInput } from './openai-responses-input.ts';
import { namedSchema } from './strict-schema.ts';

type Params = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'stream'>;

const encryptedReasoning = 'reasoning.encrypted_content';

/**
 * The request body for the Responses API: the whole conversation, and nothing stored at the server. Objects and lists in
 * `extra` (`reasoning`, `text`, `tools`, `include`) are kept beside ours.
 *
 * @throws ModelError `modelBadRequest` if an option has no counterpart there.
 */
export function toResponsesRequest(request: ChatRequest, source: ItemSource, withReasoningItems: boolean): Params {
  const { temperature, topP, maxOutputTokens, stop, seed, reasoningEffort, toolChoice, extra = {} } = request.options;
  for (const [name, value] of Object.entries({ stop, seed })) {
    if (value !== undefined) throw noCounterpart(name);
  }
  const { tools: extraTools, include: extraInclude, reasoning, text, ...others } = extra;
  const tools = [...list(extraTools), ...request.tools.map(toTool)];
  const include = [...list(extraInclude), ...(withReasoningItems ? [encryptedReasoning] : [])];
  const format = request.responseFormat && {
    type: 'json_schema',
    ...namedSchema(request.responseFormat, source.provider),
  };
  const body: Loose = {
    store: false,
    ...others,
    model: source.model,
    input: toResponsesInput(request.messages, source),
  };
  set(body, 'temperature', temperature);
  set(body, 'top_p', topP);
  set(body, 'max_output_tokens', maxOutputTokens);
  set(body, 'reasoning', merged(reasoning, reasoningEffort === undefined ? undefined : { effort: reasoningEffort }));
  set(body, 'text', merged(text, format && { format }));
  if (include.length > 0) body.include = [...new Set(include)];
  if (tools.length > 0) {
    body.tools = tools;
    set(body, 'tool_choice', toolChoice);
  }
  // Built loosely, as `extra` may hold anything.
  return body as unknown as Params;
}

/** Not strict: strict mode would refuse schemas with optional arguments. */
function toTool({ name, description, parameters }: ChatRequest['tools'][number]): JsonValue {
  return { type: 'function', name, description, parameters, strict: false };
}

function list(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function merged(extra: JsonValue | undefined, ours: Loose | undefined): Loose | undefined {
  if (!isLoose(extra)) return ours;
  return { ...extra, ...ours };
}

function set(body: Loose, name: string, value: unknown): void {
  if (value !== undefined) body[name] = value;
}

function noCounterpart(option: string): ModelError {
  return new ModelError('modelBadRequest', `The Responses API has nothing like options.${option}.`, {
    fix: `Leave out options.${option}, or use Chat Completions (OPENAI_API=chat).`,
  });
}
