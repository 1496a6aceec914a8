import type OpenAI from 'openai';
import type { Content } from '../agent/content.ts';
import { type ChatMessage, messageText } from '../agent/message.ts';
import { type Attachment, isAttachment, leftOutText, readAttachment, unsupportedAttachment } from './attachment.ts';
import { argumentsText, resultText } from './call-text.ts';
import { type ItemSource, storedItem } from './openai-reasoning.ts';

type Item = OpenAI.Responses.ResponseInputItem;
type Part = OpenAI.Responses.ResponseInputContent;

/**
 * Our messages as input items of the Responses API, with the same rules as for Chat Completions. A reasoning item goes
 * back as it came, if it came from the same model and the text or call that it led to is still behind it: others are
 * refused by the API.
 *
 * @throws ModelError `modelBadRequest` that names the kind of attachment.
 */
export function toResponsesInput(messages: readonly ChatMessage[], source: ItemSource): Item[] {
  const items: Item[] = [];
  const lastOfUser = messages.findLast(({ role }) => role === 'user');
  for (const message of messages) {
    switch (message.role) {
      case 'system':
      case 'developer': {
        const text = messageText(message);
        if (text !== '') items.push({ role: 'system', content: text });
        break;
      }
      case 'user': {
        const content = userContent(message, message === lastOfUser);
        if (content.length > 0) items.push({ role: 'user', content });
        break;
      }
      case 'assistant':
        items.push(...assistantItems(message, source));
        break;
      case 'tool':
        break;
      default:
        message.role satisfies never;
    }
    for (const content of message.contents) {
      if (content.type !== 'functionResult') continue;
      items.push({ type: 'function_call_output', call_id: content.callId, output: resultText(content.result) });
    }
  }
  return items;
}

/** In the order of the contents: the API wants an item right behind the reasoning that led to it. */
function assistantItems({ contents }: ChatMessage, source: ItemSource): Item[] {
  const items: Item[] = [];
  let reasoning: Item[] = [];
  for (const content of contents) {
    const item = assistantItem(content);
    if (item !== undefined) {
      items.push(...reasoning, item);
      reasoning = [];
    } else if (content.type === 'reasoning') {
      const stored = storedItem(content, source);
      if (stored !== undefined) reasoning.push(stored);
    } else {
      reasoning = [];
    }
  }
  return items;
}

function assistantItem(content: Content): Item | undefined {
  if (content.type === 'text' && content.text !== '') return { role: 'assistant', content: content.text };
  if (content.type !== 'functionCall') return undefined;
  const { callId, name, arguments: args } = content;
  return { type: 'function_call', call_id: callId, name, arguments: argumentsText(args) };
}

function userContent(message: ChatMessage, isLast: boolean): string | Part[] {
  const parts = message.contents.map((content) => userPart(content, isLast)).filter((part) => part !== undefined);
  return parts.every((part) => part.type === 'input_text') ? parts.map((part) => part.text).join('') : parts;
}

function userPart(content: Content, isLast: boolean): Part | undefined {
  if (content.type === 'text') return { type: 'input_text', text: content.text };
  if (!isAttachment(content)) return undefined;
  const attachment = readAttachment(content);
  const part = attachmentPart(attachment);
  if (part !== undefined) return part;
  if (isLast) throw unsupportedAttachment(attachment, 'the Responses API', 'an image or a document');
  return { type: 'input_text', text: leftOutText(attachment) };
}

function attachmentPart(attachment: Attachment): Part | undefined {
  if (attachment.kind === 'file') return { type: 'input_file', file_id: attachment.fileId };
  if (attachment.kind === 'vectorStore') return undefined;
  const { kind, uri, mediaType } = attachment;
  // An address that says nothing of itself is most likely an image.
  if (mediaType === undefined || mediaType.startsWith('image/')) {
    return { type: 'input_image', detail: 'auto', image_url: uri };
  }
  if (/^(audio|video)\//.test(mediaType)) return undefined;
  if (kind === 'address') return { type: 'input_file', file_url: uri };
  return { type: 'input_file', filename: attachment.filename, file_data: uri };
}
