import type OpenAI from 'openai';
import type { ReasoningContent } from '../agent/content.ts';
import type { JsonValue } from '../json.ts';
import { isLoose, type Loose } from './loose-json.ts';

type ReasoningItem = OpenAI.Responses.ResponseReasoningItem;

/** Who can read an encrypted reasoning item: the model that wrote it, at the provider that keeps the key. */
export interface ItemSource {
  provider: string;
  model: string;
}

const key = 'openaiResponses';

/** A reasoning item as content: its readable part as text, and the item itself for the way back. */
export function reasoningContent(item: Loose, { provider, model }: ItemSource): ReasoningContent {
  const text = [...texts(item.summary), ...texts(item.content)].join('\n\n');
  return {
    type: 'reasoning',
    ...(text !== '' && { text }),
    // Without its encrypted part an item means nothing to a server that stores nothing.
    ...(typeof item.encrypted_content === 'string' && {
      extensionData: { [key]: { provider, model, item: item as JsonValue } },
    }),
  };
}

/** The item behind a content, if it is from this source. */
export function storedItem({ extensionData }: ReasoningContent, source: ItemSource): ReasoningItem | undefined {
  const stored = isLoose(extensionData) ? extensionData[key] : undefined;
  if (!isLoose(stored) || stored.provider !== source.provider || stored.model !== source.model) return undefined;
  return isLoose(stored.item) && stored.item.type === 'reasoning'
    ? (stored.item as unknown as ReasoningItem)
    : undefined;
}

function texts(parts: unknown): string[] {
  if (!Array.isArray(parts)) return [];
  return parts.flatMap((part) =>
    isLoose(part) && typeof part.text === 'string' && part.text !== '' ? [part.text] : [],
  );
}
