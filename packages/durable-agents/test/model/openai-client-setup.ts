import type { TestContext } from 'node:test';
import type { ChatCallContext, ChatRequest } from '../../src/model/chat-client.ts';
import { OpenAIChatClient } from '../../src/openai.ts';
import { openAIServer, type Reply } from './openai-server.ts';

export const key = 'sk-test-0123456789abcdef';
export const ask: ChatRequest = {
  messages: [{ role: 'user', contents: [{ type: 'text', text: 'Hi' }] }],
  tools: [],
  options: {},
};
export const context = (): ChatCallContext => ({ signal: new AbortController().signal });

/** A server that answers with `reply`, and a client of it. */
export async function setUp(t: TestContext, reply: Reply) {
  const server = await openAIServer(t, reply);
  return { server, client: new OpenAIChatClient({ model: 'gpt-test', apiKey: key, baseURL: server.baseURL }) };
}
