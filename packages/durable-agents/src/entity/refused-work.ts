import { boundResult } from '../agent/bound-result.ts';
import type { Content } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import type { JsonValue } from '../json.ts';

/** Longest JSON of one call's arguments or result, in bytes; the shorter one where the longer does not fit. */
const partBytes = [1_024, 256];

/**
 * What tools did in a turn whose record does not fit, so short that it does: calls and results with excerpts where they
 * are long, the latest ones if even that is too much. What the model and the user said is left out.
 */
export function shortToolWork(messages: readonly ChatMessage[], maxBytes: number): ChatMessage[] {
  const work = messages.flatMap((message) => {
    const contents = message.contents.filter(({ type }) => type === 'functionCall' || type === 'functionResult');
    return contents.length === 0 ? [] : [{ ...message, contents }];
  });
  let short: ChatMessage[] = work;
  for (const bytes of partBytes) {
    short = work.map((message) => ({
      ...message,
      contents: message.contents.map((content) => shortContent(content, bytes)),
    }));
    if (bytesOf(short) <= maxBytes) return short;
  }
  // A result without its call is of no use: after a cut the record begins with a call again.
  while (short.length > 0 && (bytesOf(short) > maxBytes || short[0]?.role === 'tool')) short = short.slice(1);
  return short;
}

function shortContent(content: Content, maxBytes: number): Content {
  if (content.type === 'functionResult' && content.result !== undefined) {
    return { ...content, result: boundResult(content.result, maxBytes) };
  }
  if (content.type !== 'functionCall' || content.arguments === undefined) return content;
  return bytesOf(content.arguments) <= maxBytes ? content : { ...content, arguments: { truncated: true } };
}

function bytesOf(value: JsonValue | ChatMessage[]): number {
  return Buffer.byteLength(JSON.stringify(value));
}
