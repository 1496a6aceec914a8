import { boundText } from '../agent/bound-text.ts';
import type { Content, FunctionCallContent } from '../agent/content.ts';
import { type ChatMessage, messageText } from '../agent/message.ts';
import type { ChatClient, ChatRequest, ChatResponse, ChatUpdate, ToolDeclaration } from './chat-client.ts';
import { argumentsFromText, matchingTool } from './offline-tool-call.ts';
import { minimalValue } from './offline-value.ts';
import { updatesOf } from './updates-of.ts';

const opening = '[offline model]';
const explanation =
  'No model is configured, so this answer is made up on this machine. For a real one set AZURE_OPENAI_ENDPOINT and ' +
  'AZURE_OPENAI_DEPLOYMENT_NAME, or OPENAI_API_KEY, or OPENAI_BASE_URL and OPENAI_MODEL.';

/**
 * A stand-in for a model: no network, the same answer to the same request, and plainly marked as made up. It shows
 * that the app works: it calls a tool whose words match the message, reports the result, and quotes the conversation.
 */
export class OfflineChatClient implements ChatClient {
  readonly provider = 'offline';
  readonly modelId = 'offline';
  readonly simulated = true;

  async complete(request: ChatRequest): Promise<ChatResponse> {
    const userTexts = request.messages.filter(({ role }) => role === 'user').map(messageText);
    const text = userTexts.at(-1) ?? '';
    const results = resultsSinceUser(request.messages);
    const tool = results.length === 0 ? chooseTool(request, text) : undefined;
    if (tool !== undefined) return answer([callTo(tool, text, request.messages)]);
    if (request.responseFormat !== undefined) {
      return answer([{ type: 'text', text: JSON.stringify(minimalValue(request.responseFormat, text)) }]);
    }
    const body = results.length > 0 ? results.join(' ') : `You said: ${quote(text, 200)}.`;
    return answer([{ type: 'text', text: `${opening} ${body} ${memory(userTexts)} ${explanation}` }]);
  }

  /** The same answer, word by word. */
  async *stream(request: ChatRequest): AsyncGenerator<ChatUpdate, void> {
    yield* updatesOf(await this.complete(request));
  }
}

function answer(contents: Content[]): ChatResponse {
  const finishReason = contents.some(({ type }) => type === 'functionCall') ? 'toolCalls' : 'stop';
  return { messages: [{ role: 'assistant', contents }], finishReason, modelId: 'offline' };
}

function chooseTool({ tools, options }: ChatRequest, text: string): ToolDeclaration | undefined {
  if (options.toolChoice === 'none') return undefined;
  return matchingTool(tools, text) ?? (options.toolChoice === 'required' ? tools[0] : undefined);
}

function callTo(tool: ToolDeclaration, text: string, messages: readonly ChatMessage[]): FunctionCallContent {
  const callsBefore = messages.flatMap(({ contents }) => contents).filter(({ type }) => type === 'functionCall').length;
  return {
    type: 'functionCall',
    callId: `offline_${callsBefore + 1}`,
    name: tool.name,
    arguments: argumentsFromText(tool.parameters, text),
  };
}

/** One sentence for each tool result that came after the last user message. */
function resultsSinceUser(messages: readonly ChatMessage[]): string[] {
  const lastUser = messages.findLastIndex(({ role }) => role === 'user');
  const contents = messages.slice(lastUser + 1).flatMap((message) => message.contents);
  const names = new Map(
    contents.flatMap((content) => (content.type === 'functionCall' ? [[content.callId, content.name]] : [])),
  );
  return contents.flatMap((content) =>
    content.type === 'functionResult'
      ? [
          `Tool ${names.get(content.callId) ?? 'unknown'} returned: ${boundText(JSON.stringify(content.result ?? null), 500)}.`,
        ]
      : [],
  );
}

/** Proof that the conversation is remembered. */
function memory(userTexts: readonly string[]): string {
  const earlier = userTexts.slice(0, -1);
  if (earlier.length === 0) return 'This is your first message in this conversation.';
  const first = quote(earlier[0] ?? '', 80);
  if (earlier.length === 1) return `I see 1 earlier message of yours: ${first}.`;
  return `I see ${earlier.length} earlier messages of yours; the first was ${first}, the previous one ${quote(earlier.at(-1) ?? '', 80)}.`;
}

function quote(text: string, maxBytes: number): string {
  return `"${boundText(text, maxBytes)}"`;
}
