import type { Content } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';

const charactersPerToken = 4;

/** What models charge for an image, roughly; its bytes say nothing about that. */
const tokensPerFile = 1_000;

/** A rough count of tokens: a quarter of the characters, and a fixed sum for each file. */
export function estimateTokens(messages: readonly ChatMessage[]): number {
  let tokens = 0;
  for (const { contents } of messages) for (const content of contents) tokens += contentTokens(content);
  return tokens;
}

function contentTokens(content: Content): number {
  if (content.type === 'data' || content.type === 'uri' || content.type === 'hostedFile') return tokensPerFile;
  const text = content.type === 'text' ? content.text : JSON.stringify(content);
  return Math.ceil(text.length / charactersPerToken);
}
