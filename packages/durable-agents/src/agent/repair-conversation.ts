import type { Content, FunctionCallContent, FunctionResultContent } from './content.ts';
import type { ChatMessage } from './message.ts';
import { toolError } from './tool-error.ts';

/**
 * The conversation with each answer's tool calls followed at once by exactly one result a call, in the order of the
 * calls, as models demand. A call without a result (a crash between the two, an older document) is closed as
 * "interrupted"; a result that came late is moved up; a result without a call is left out. The input is not changed.
 */
export function repairConversation(messages: readonly ChatMessage[]): ChatMessage[] {
  const resultOf = matchResults(messages);
  const repaired: ChatMessage[] = [];
  let pending: FunctionCallContent[] = [];
  const closePending = () => {
    if (pending.length === 0) return;
    repaired.push({ role: 'tool', contents: pending.map((call) => resultOf.get(call) ?? interrupted(call)) });
    pending = [];
  };
  for (const message of messages) {
    const kept: Content[] = message.contents.filter((content) => content.type !== 'functionResult');
    const calls = kept.filter((content) => content.type === 'functionCall');
    const hadResults = kept.length < message.contents.length;
    // Calls of one answer may be spread over several assistant messages; anything else ends the answer.
    if (message.role !== 'assistant' || (hadResults && calls.length === 0)) closePending();
    if (kept.length > 0) repaired.push(hadResults ? { ...message, contents: kept } : message);
    pending.push(...calls);
    if (hadResults) closePending();
  }
  closePending();
  return repaired;
}

/** Some models use the same id again in a later turn, so a result belongs to the latest open call with its id. */
function matchResults(messages: readonly ChatMessage[]): Map<FunctionCallContent, FunctionResultContent> {
  const resultOf = new Map<FunctionCallContent, FunctionResultContent>();
  const open = new Map<string, FunctionCallContent[]>();
  for (const { contents } of messages) {
    for (const content of contents) {
      if (content.type === 'functionCall') open.set(content.callId, [...(open.get(content.callId) ?? []), content]);
      if (content.type !== 'functionResult') continue;
      const call = open.get(content.callId)?.pop();
      if (call !== undefined) resultOf.set(call, content);
    }
  }
  return resultOf;
}

function interrupted(call: FunctionCallContent): FunctionResultContent {
  const result = toolError('interrupted', 'This call was interrupted. Whether it took effect is not known.');
  return { type: 'functionResult', callId: call.callId, result };
}
