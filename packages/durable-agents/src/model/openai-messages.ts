import type OpenAI from 'openai';
import type { Content, FunctionCallContent, FunctionResultContent } from '../agent/content.ts';
import { type ChatMessage, messageText } from '../agent/message.ts';
import { type Attachment, isAttachment, leftOutText, readAttachment, unsupportedAttachment } from './attachment.ts';
import { argumentsText, resultText } from './call-text.ts';

type Param = OpenAI.Chat.Completions.ChatCompletionMessageParam;
type AssistantParam = OpenAI.Chat.Completions.ChatCompletionAssistantMessageParam;
type Part = OpenAI.Chat.Completions.ChatCompletionContentPart;

/**
 * Our messages as Chat Completions takes them. An attachment that it does not take is refused in the last message of
 * the user; in an older one it is only mentioned, or the session could never go on. Reasoning, errors, usage and unknown contents are never sent; a message
 * that has nothing else is left out. Assistant messages that follow each other become one, so that an answer's tool
 * calls stand right before their results.
 *
 * @throws ModelError `modelBadRequest` that names the kind of attachment.
 */
export function toOpenAIMessages(messages: readonly ChatMessage[]): Param[] {
  const params: Param[] = [];
  const lastOfUser = messages.findLast(({ role }) => role === 'user');
  for (const message of messages) {
    switch (message.role) {
      case 'system':
      case 'developer': {
        const text = messageText(message);
        if (text !== '') params.push({ role: 'system', content: text });
        break;
      }
      case 'user': {
        const content = userContent(message, message === lastOfUser);
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
function userContent(message: ChatMessage, isLast: boolean): string | Part[] {
  const parts = message.contents.map((content) => userPart(content, isLast)).filter((part) => part !== undefined);
  return parts.every((part) => part.type === 'text') ? parts.map((part) => part.text).join('') : parts;
}

function userPart(content: Content, isLast: boolean): Part | undefined {
  if (content.type === 'text') return { type: 'text', text: content.text };
  if (!isAttachment(content)) return undefined;
  const attachment = readAttachment(content);
  const part = attachmentPart(attachment);
  if (part !== undefined) return part;
  if (isLast)
    throw unsupportedAttachment(attachment, 'Chat Completions', 'an image, an inline PDF, or inline WAV or MP3');
  return { type: 'text', text: leftOutText(attachment) };
}

const audioFormats: Readonly<Record<string, 'wav' | 'mp3'>> = {
  'audio/wav': 'wav',
  'audio/wave': 'wav',
  'audio/x-wav': 'wav',
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
};

function attachmentPart(attachment: Attachment): Part | undefined {
  if (attachment.kind === 'file') return { type: 'file', file: { file_id: attachment.fileId } };
  if (attachment.kind === 'vectorStore') return undefined;
  const { kind, uri, mediaType } = attachment;
  // An address that says nothing of itself is most likely an image: nothing else can be sent as one.
  if (mediaType === undefined || mediaType.startsWith('image/')) return { type: 'image_url', image_url: { url: uri } };
  if (kind === 'address') return undefined;
  if (mediaType === 'application/pdf') {
    return { type: 'file', file: { filename: attachment.filename, file_data: uri } };
  }
  const format = audioFormats[mediaType];
  if (format === undefined || attachment.base64 === undefined) return undefined;
  return { type: 'input_audio', input_audio: { data: attachment.base64, format } };
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

function toolResult({ callId, result }: FunctionResultContent): Param {
  return { role: 'tool', tool_call_id: callId, content: resultText(result) };
}
