import type { ChatUpdate } from './chat-client.ts';

/**
 * The same updates, with no text that ends inside a character: servers cut texts between UTF-16 units, and half a pair
 * would be lost at the first reader that turns its piece into bytes.
 */
export async function* wholeCharacters(updates: AsyncIterable<ChatUpdate>): AsyncGenerator<ChatUpdate, void> {
  let held: ChatUpdate | undefined;
  for await (const update of updates) {
    let next = update;
    if (held !== undefined) {
      if (isSameText(held, update)) next = withText(update, textOf(held) + textOf(update));
      else yield held;
      held = undefined;
    }
    const text = textOf(next);
    if (isFirstHalf(text.charCodeAt(text.length - 1))) {
      held = withText(next, text.slice(-1));
      next = withText(next, text.slice(0, -1));
      if (text.length === 1) continue;
    }
    yield next;
  }
  if (held !== undefined) yield held;
}

function isFirstHalf(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function textOf(update: ChatUpdate): string {
  if (update.type === 'functionArguments') return update.delta;
  return update.type === 'text' || update.type === 'reasoning' ? update.text : '';
}

function withText(update: ChatUpdate, text: string): ChatUpdate {
  if (update.type === 'functionArguments') return { ...update, delta: text };
  return update.type === 'text' || update.type === 'reasoning' ? { ...update, text } : update;
}

function isSameText(left: ChatUpdate, right: ChatUpdate): boolean {
  if (left.type !== right.type) return false;
  return left.type !== 'functionArguments' || (right.type === 'functionArguments' && left.callId === right.callId);
}
