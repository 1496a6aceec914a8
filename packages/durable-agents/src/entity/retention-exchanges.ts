import type { ChatMessage } from '../agent/message.ts';
import type { StoredContent, StoredEntry, StoredMessage } from '../state/entity-state.ts';
import { extensionKey } from '../state/entity-state.ts';
import { readMessages } from '../state/message-codec.ts';
import { isObject } from '../state/stored-fields.ts';

/** Part of a conversation that stays or goes as a whole: what was asked, and all that was done to answer it. */
export interface Exchange {
  readonly entries: readonly StoredEntry[];
  /** Size in the stored document, in bytes. */
  readonly bytes: number;
  readonly messages: readonly ChatMessage[];
}

/** A history in parts. */
export interface HistoryParts {
  /** What a compaction has replaced: still stored, no longer part of the conversation. */
  replaced: readonly Exchange[];
  /** What stands for exchanges that have gone already. */
  summary: StoredEntry | undefined;
  /** Only system messages, from exchanges that have gone. */
  pinned: readonly StoredEntry[];
  /** Oldest first. */
  exchanges: readonly Exchange[];
}

/** Parts a history. Entries that a tool call and its result span are one exchange. */
export function partsOf(history: readonly StoredEntry[]): HistoryParts {
  const summaryAt = history.findLastIndex(isSummary);
  const rest = history.slice(summaryAt + 1);
  const pinnedCount = rest.findIndex((entry) => !isPinned(entry));
  const pinned = pinnedCount < 0 ? rest : rest.slice(0, pinnedCount);
  return {
    replaced: exchangesOf(history.slice(0, Math.max(0, summaryAt))),
    summary: history[summaryAt],
    pinned,
    exchanges: exchangesOf(rest.slice(pinned.length)),
  };
}

/** What stays of entries that go: their system messages. */
export function pinnedPart(entries: readonly StoredEntry[]): StoredEntry[] {
  return entries.flatMap((entry) => {
    if (entry.$type !== 'request') return [];
    const messages = (entry.messages ?? []).filter(isSystem);
    return messages.length === 0 ? [] : [{ ...entry, messages }];
  });
}

/** Whether an entry is a summary of ours, or the compaction of another runtime. */
export function isSummary(entry: StoredEntry): boolean {
  if (entry.$type === 'compaction') return true;
  const own = isObject(entry.extensionData) ? entry.extensionData[extensionKey] : undefined;
  return entry.$type === 'request' && isObject(own) && own.summary === true;
}

/** Sizes and messages are worked out when somebody asks. */
class StoredExchange implements Exchange {
  readonly entries: readonly StoredEntry[];
  #bytes: number | undefined;
  #messages: readonly ChatMessage[] | undefined;

  constructor(entries: readonly StoredEntry[]) {
    this.entries = entries;
  }

  get bytes(): number {
    this.#bytes ??= this.entries.reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry)) + 1, 0);
    return this.#bytes;
  }

  get messages(): readonly ChatMessage[] {
    this.#messages ??= this.entries.flatMap((entry) => readMessages(entry.messages));
    return this.#messages;
  }
}

function exchangesOf(entries: readonly StoredEntry[]): Exchange[] {
  return groups(entries).map((group) => new StoredExchange(group));
}

function groups(entries: readonly StoredEntry[]): StoredEntry[][] {
  const found: StoredEntry[][] = [];
  /** Where calls without a result so far were made. */
  const open = new Map<string, number>();
  for (const entry of entries) {
    const last = found.at(-1);
    const belongs =
      last !== undefined &&
      typeof entry.correlationId === 'string' &&
      last.at(-1)?.correlationId === entry.correlationId;
    if (belongs) last.push(entry);
    else found.push([entry]);
    for (const content of contentsOf(entry)) {
      const { callId } = content;
      if (typeof callId !== 'string') continue;
      if (content.$type === 'functionCall') open.set(callId, found.length - 1);
      if (content.$type !== 'functionResult') continue;
      const index = open.get(callId);
      open.delete(callId);
      if (index === undefined || index >= found.length - 1) continue;
      // All from the one that made the call to this one belong together.
      found.splice(index, found.length, found.slice(index).flat());
      for (const [other, at] of open) if (at > index) open.set(other, index);
    }
  }
  return found;
}

function contentsOf(entry: StoredEntry): StoredContent[] {
  return (entry.messages ?? []).flatMap(({ contents }) => contents ?? []);
}

function isPinned(entry: StoredEntry): boolean {
  return entry.$type === 'request' && (entry.messages ?? []).length > 0 && (entry.messages ?? []).every(isSystem);
}

function isSystem({ role }: StoredMessage): boolean {
  return role === 'system' || role === 'developer';
}
