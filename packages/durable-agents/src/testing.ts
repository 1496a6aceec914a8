export { textMessage } from './agent/message.ts';
export type { ToolContext } from './agent/tool.ts';
export { ModelError } from './errors.ts';
export { type Logger, silentLogger } from './log.ts';
export { OfflineChatClient } from './model/offline-chat-client.ts';
export {
  type ScriptedAnswer,
  ScriptedChatClient,
  type ScriptedFailure,
  type ScriptedStep,
  type ScriptedToolCall,
  type ScriptedUpdate,
  scriptedModel,
} from './model/scripted-chat-client.ts';
