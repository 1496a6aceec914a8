import type { StateDocument } from './entity-state.ts';

/**
 * Sizes of stored texts by the history that was read from them. Copies of a document share its history until a turn is
 * added, so that the size is known without writing the whole document once more.
 */
const sizes = new WeakMap<object, number>();

export function rememberSize({ data }: StateDocument, text: string): void {
  if (Array.isArray(data.conversationHistory)) sizes.set(data.conversationHistory, Buffer.byteLength(text));
}

/** Bytes of the text that a document was read from; `undefined` if it was not, or has had turns added since. */
export function knownSize({ data }: StateDocument): number | undefined {
  return Array.isArray(data.conversationHistory) ? sizes.get(data.conversationHistory) : undefined;
}
