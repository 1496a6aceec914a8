import { ModelError } from '../errors.ts';
import type { ChatResponse } from '../model/chat-client.ts';
import type { Content, FunctionCallContent } from './content.ts';
import { type ChatMessage, messageText } from './message.ts';

/** A model's answer as one assistant message whose call ids are unique in the conversation. */
export interface ModelAnswer {
  message: ChatMessage;
  text: string;
  calls: FunctionCallContent[];
}

/**
 * Joins the messages of one answer. Results that a model claims for its own calls are dropped: only tools give results.
 * An id that is missing or was used before is replaced by one made of the call's position. `callIds` is added to.
 */
export function readAnswer(
  response: ChatResponse,
  agentName: string,
  iteration: number,
  callIds: Set<string>,
): ModelAnswer {
  const calls: FunctionCallContent[] = [];
  const contents: Content[] = [];
  for (const content of response.messages.flatMap((message) => message.contents)) {
    if (content.type === 'functionResult') continue;
    if (content.type !== 'functionCall') {
      contents.push(content);
      continue;
    }
    const call = { ...content, callId: freshId(content.callId, iteration, calls.length, callIds) };
    calls.push(call);
    contents.push(call);
  }
  const first = response.messages[0];
  const message: ChatMessage = { ...first, role: 'assistant', contents, authorName: first?.authorName ?? agentName };
  return { message, text: messageText(message), calls };
}

function freshId(callId: string, iteration: number, index: number, callIds: Set<string>): string {
  let fresh = callId;
  if (fresh === '' || callIds.has(fresh)) fresh = `${callId === '' ? 'call' : callId}_${iteration}_${index}`;
  while (callIds.has(fresh)) fresh += '_';
  callIds.add(fresh);
  return fresh;
}

/** Why an answer cannot be used, if so. */
export function answerProblem(response: ChatResponse, answer: ModelAnswer): ModelError | undefined {
  if (response.finishReason === 'contentFilter') {
    const reason = answer.message.contents.find((content) => content.type === 'error')?.message;
    return new ModelError('modelRefused', `The model refused to answer${reason ? `: ${reason}` : '.'}`, {
      fix: "Rephrase the message, or adjust the provider's content filter.",
    });
  }
  if (response.finishReason === 'length' && (answer.calls.length > 0 || answer.text.trim() === '')) {
    const what = answer.calls.length > 0 ? 'in the middle of a tool call' : 'before there was any text';
    return new ModelError('modelTruncated', `The model reached its output limit ${what}.`, {
      fix: 'Raise options.maxOutputTokens, or ask for less.',
    });
  }
  if (answer.calls.length === 0 && answer.text.trim() === '') {
    return new ModelError('modelEmptyAnswer', 'The model answered with neither text nor a tool call.', {
      fix: 'Send the message again; if it stays so, check the model and the instructions.',
    });
  }
  return undefined;
}

/** What of an unusable answer is worth keeping: its text. Its calls were not run, a refused text must not come back. */
export function salvage(response: ChatResponse, answer: ModelAnswer): ChatMessage[] {
  if (response.finishReason === 'contentFilter' || answer.text.trim() === '') return [];
  const contents = answer.message.contents.filter((content) => content.type !== 'functionCall');
  return [{ ...answer.message, contents }];
}
