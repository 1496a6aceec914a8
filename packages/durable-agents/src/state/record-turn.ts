import type { Usage } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import type { AgentResponse } from '../agent/response.ts';
import type { JsonObject } from '../json.ts';
import type { AgentFailure } from './answer.ts';
import { withoutUndefined } from './content-codec.ts';
import { appendEntries, extensionKey, type StateDocument } from './entity-state.ts';
import { storeMessage, storeMessageLossless } from './message-codec.ts';
import {
  type CompletionReceipt,
  completionReceipts,
  hasTerminalRecords,
  type TerminalResult,
  terminalResults,
} from './terminal-records.ts';
import { failureEntry, type RequestFacts, requestEntry, responseEntry, type StoreMessage } from './turn-entries.ts';

/** How a turn ended. */
export type TurnEnding = {
  /** RFC 3339 time of the end. */
  createdAt: string;
} & (
  | { status: 'completed'; response: AgentResponse }
  | {
      status: 'failed';
      failure: AgentFailure;
      /** What the run did before it failed: tool calls with their results. */
      messages: readonly ChatMessage[];
      usage?: Usage | undefined;
      authorName: string;
    }
);

export interface RecordOptions {
  /**
   * How long a document of schema 2 keeps the result of a turn, in milliseconds; its receipt stays. `null`: for ever.
   * Default: 60,000. Documents of schema 1 keep results as long as the history has them.
   */
  resultRetentionMs?: number | null | undefined;
}

/** A document with one more finished turn, written in the form of its own schema version. */
export function recordTurn(
  state: StateDocument,
  request: RequestFacts,
  ending: TurnEnding,
  { resultRetentionMs = 60_000 }: RecordOptions = {},
): StateDocument {
  const { correlationId } = request;
  const hasRecords = hasTerminalRecords(state);
  const store = hasRecords ? storeMessageLossless : storeMessage;
  const { createdAt } = ending;
  const answer =
    ending.status === 'completed'
      ? responseEntry(ending.response, { correlationId, createdAt }, store)
      : failureEntry({ ...ending, correlationId }, store);
  const after = appendEntries(state, [requestEntry(request, store), answer]);
  return hasRecords ? withRecords(after, correlationId, ending, store, resultRetentionMs) : after;
}

/** Schema 2: drops the results whose time is over. What became of those turns stays known. */
export function expireResults(state: StateDocument, now: Date): StateDocument {
  if (!hasTerminalRecords(state)) return state;
  const isOver = ({ resultExpiresAt }: TerminalResult) =>
    typeof resultExpiresAt === 'string' && Date.parse(resultExpiresAt) <= now.getTime();
  return dropResults(state, isOver, now);
}

/** Schema 2: drops results and says so in their receipts. */
export function dropResults(
  state: StateDocument,
  isDropped: (result: TerminalResult) => boolean,
  now: Date,
): StateDocument {
  const dropped = Object.values(terminalResults(state)).filter(isDropped);
  if (dropped.length === 0) return state;
  const ids = new Set(dropped.map(({ correlationId }) => correlationId));
  const kept = Object.entries(terminalResults(state)).filter(([id]) => !ids.has(id));
  const receipts = Object.entries(completionReceipts(state)).map(([id, receipt]) => {
    if (!ids.has(id) || receipt.resultState === 'unavailable') return [id, receipt] as const;
    return [id, { ...receipt, resultState: 'unavailable', resultUnavailableAt: now.toISOString() }] as const;
  });
  const data = {
    ...state.data,
    terminalResults: Object.fromEntries(kept),
    completionReceipts: Object.fromEntries(receipts),
  };
  return { ...state, data };
}

function withRecords(
  state: StateDocument,
  correlationId: string,
  ending: TurnEnding,
  store: StoreMessage,
  retentionMs: number | null,
): StateDocument {
  const facts = {
    correlationId,
    outcome: ending.status === 'completed' ? ('succeeded' as const) : ('failed' as const),
    completedAt: ending.createdAt,
    ...(retentionMs !== null && {
      resultExpiresAt: new Date(Date.parse(ending.createdAt) + retentionMs).toISOString(),
    }),
  };
  const result: TerminalResult = { ...facts, ...terminalParts(ending, store) };
  const receipt: CompletionReceipt = { ...facts, resultState: 'available' };
  return {
    ...state,
    data: {
      ...state.data,
      terminalResults: { ...terminalResults(state), [correlationId]: result },
      completionReceipts: { ...completionReceipts(state), [correlationId]: receipt },
    },
  };
}

function terminalParts(ending: TurnEnding, store: StoreMessage): { response: JsonObject; error?: JsonObject } {
  if (ending.status === 'completed') {
    const { messages, text: _, metadata, createdAt = ending.createdAt, ...facts } = ending.response;
    const extensionData = metadata === undefined ? undefined : { [extensionKey]: { metadata } };
    const stored = messages.map((message) => store(message));
    return { response: withoutUndefined({ messages: stored, createdAt, ...facts, extensionData }) };
  }
  const { failure, messages, usage, createdAt } = ending;
  const { code, message } = failure;
  return {
    response: withoutUndefined({ messages: messages.map((each) => store(each)), usage, createdAt }),
    error: withoutUndefined({ ...failure, code: bounded(code, 256), message: bounded(message, 16_384) }),
  };
}

/** Schema 2 takes no blank and no longer text. */
function bounded(text: string, maxLength: number): string {
  return text.trim() === '' ? 'agentFailed' : text.slice(0, maxLength);
}
