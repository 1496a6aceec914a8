import type OpenAI from 'openai';
import { boundText } from '../agent/bound-text.ts';
import type { Content, FunctionCallContent, FunctionResultContent } from '../agent/content.ts';
import { type ChatMessage, messageText } from '../agent/message.ts';
import { parseJson } from '../agent/parse-json.ts';

type Param = OpenAI.Chat.Completions.ChatCompletionMessageParam;
type AssistantParam = OpenAI.Chat.Completions.ChatCompletionAssistantMessageParam;
type Part = OpenAI.Chat.Completions.ChatCompletionContentPart;

/**
 * Our messages as Chat Completions takes them. Reasoning, errors, usage and unknown contents are never sent; a message
 * that has nothing else is left out. Assistant messages that follow each other become one, so that an answer's tool
 * calls stand right before their results.
 */
export function toOpenAIMessages(messages: readonly ChatMessage[]): Param[] {
  const params: Param[] = [];
  for (const message of messages) {
    switch (message.role) {
      case 'system':
      case 'developer': {
        const text = messageText(message);
        if (text !== '') params.push({ role: 'system', content: text });
        break;
      }
      case 'user': {
        const content = userContent(message);
        if (content.length > 0) params.push({ role: 'user', content });
        break;
      }
      case 'assistant':
        addAssistant(params, message);
        break;
      case 'tool':
        break;
      default:
        message.role satisfies never;
    }
    for (const content of message.contents) if (content.type === 'functionResult') params.push(toolResult(content));
  }
  return params;
}

/** Plain text where there is nothing else: every compatible server takes that. */
function userContent(message: ChatMessage): string | Part[] {
  const parts = message.contents.map(userPart).filter((part) => part !== undefined);
  return parts.every((part) => part.type === 'text') ? parts.map((part) => part.text).join('') : parts;
}

function userPart(content: Content): Part | undefined {
  switch (content.type) {
    case 'text':
      return { type: 'text', text: content.text };
    case 'data':
    case 'uri': {
      const mediaType = content.mediaType ?? /^data:([^;,]+)/.exec(content.uri)?.[1];
      if (mediaType === undefined || mediaType.startsWith('image/')) {
        return { type: 'image_url', image_url: { url: content.uri } };
      }
      return notSent(`an attachment of type ${boundText(mediaType, 100)}`);
    }
    case 'hostedFile':
    case 'hostedVectorStore':
      return notSent('a hosted file');
    default:
      return undefined;
  }
}

/** The model should know that something is missing, and can say so, instead of guessing. */
function notSent(what: string): Part {
  return { type: 'text', text: `[The user sent ${what}, which this model client cannot pass on.]` };
}

function addAssistant(params: Param[], message: ChatMessage): void {
  const text = messageText(message);
  const calls = message.contents.filter((content) => content.type === 'functionCall').map(toolCall);
  if (text === '' && calls.length === 0) return;
  const last = params.at(-1);
  if (last?.role === 'assistant') {
    last.content = `${last.content ?? ''}${text}` || null;
    if (calls.length > 0) last.tool_calls = [...(last.tool_calls ?? []), ...calls];
    return;
  }
  const param: AssistantParam = { role: 'assistant', content: text === '' ? null : text };
  if (calls.length > 0) param.tool_calls = calls;
  params.push(param);
}

function toolCall(call: FunctionCallContent): OpenAI.Chat.Completions.ChatCompletionMessageToolCall {
  return { id: call.callId, type: 'function', function: { name: call.name, arguments: argumentsText(call.arguments) } };
}

/** Some servers fail on a history whose arguments are not a JSON object: such ones are sent as an excerpt inside one. */
function argumentsText(args: FunctionCallContent['arguments']): string {
  if (typeof args !== 'string') return JSON.stringify(args ?? {});
  try {
    const parsed = parseJson(args);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return args;
  } catch {
    // Not JSON: handled as every other text that is no object.
  }
  return JSON.stringify({ invalidArguments: boundText(args, 1024) });
}

function toolResult({ callId, result }: FunctionResultContent): Param {
  const content = typeof result === 'string' ? result : JSON.stringify(result ?? null);
  return { role: 'tool', tool_call_id: callId, content };
}
