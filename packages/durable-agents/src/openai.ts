export type { AzureCredential } from './model/azure-token.ts';
export { chatClientFromEnvironment } from './model/from-environment.ts';
export { OpenAIChatClient } from './model/openai-chat-client.ts';
export type { AzureOpenAIOptions, OpenAIChatClientOptions } from './model/openai-options.ts';
export { OpenAIResponsesClient, openaiResponses } from './model/openai-responses-client.ts';
