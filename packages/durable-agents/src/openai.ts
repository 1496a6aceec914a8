export type { AzureCredential } from './model/azure-token.ts';
export { chatClientFromEnvironment } from './model/from-environment.ts';
export { type AzureOpenAIOptions, OpenAIChatClient, type OpenAIChatClientOptions } from './model/openai-chat-client.ts';
