export { Agent, type AgentOptions, type AgentRunOptions } from './agent/agent.ts';
export { type AgentToolOptions, agentTool } from './agent/agent-tool.ts';
export type {
  Content,
  DataContent,
  ErrorContent,
  FunctionCallContent,
  FunctionResultContent,
  HostedFileContent,
  HostedVectorStoreContent,
  ReasoningContent,
  TextContent,
  UnknownContent,
  UriContent,
  Usage,
  UsageContent,
} from './agent/content.ts';
export type { RunOptions } from './agent/effects.ts';
export { type ChatMessage, messageText, type Role, textMessage } from './agent/message.ts';
export type { AgentResponse, FinishReason } from './agent/response.ts';
export type { ResponseFormat, TypedResponse } from './agent/response-format.ts';
export {
  type AnyTool,
  type Tool,
  type ToolArguments,
  type ToolContext,
  type ToolDefinition,
  tool,
} from './agent/tool.ts';
export {
  durableOf,
  type OrchestrationStatus,
  type ToolDurableClient,
} from './agent/tool-durable-client.ts';
export type { ToolProgress } from './agent/tool-progress.ts';
export { type ToolSource, type ToolSourceContext, ToolSourceError } from './agent/tool-source.ts';
export { keepAll, keepLast, keepWhatFits, type RetentionPolicy, tokenBudget } from './entity/retention.ts';
export type { ExternalHistory } from './entity/retention-external.ts';
export { type SummarizeOptions, summarize } from './entity/retention-summary.ts';
export type { AppSessionOptions, SessionOptions } from './entity/session-options.ts';
export {
  AgentRunError,
  ConfigurationError,
  DurableAgentError,
  type DurableAgentErrorOptions,
  ModelError,
  RequestError,
  StateError,
} from './errors.ts';
export type { JsonObject, JsonSchema, JsonValue } from './json.ts';
export { type Logger, silentLogger } from './log.ts';
export type {
  ChatCallContext,
  ChatClient,
  ChatOptions,
  ChatRequest,
  ChatResponse,
  ChatUpdate,
  ToolDeclaration,
} from './model/chat-client.ts';
export { chatClientFromEnvironment } from './model/from-environment.ts';
export { OfflineChatClient } from './model/offline-chat-client.ts';
export type { HistoryProvider, StoredTurn } from './session/history-provider.ts';
export { MemoryHistory } from './session/memory-history.ts';
export { type RedisCommands, RedisHistory, type RedisHistoryOptions } from './session/redis-history.ts';
export { type SqliteDatabase, SqliteHistory } from './session/sqlite-history.ts';
export { MemoryStreamStore, type MemoryStreamStoreOptions } from './stream/memory-stream-store.ts';
export { ioredisClient } from './stream/redis-client.ts';
export { RedisStreamStore, type RedisStreamStoreOptions } from './stream/redis-stream-store.ts';
export { SqliteStreamStore, type SqliteStreamStoreOptions } from './stream/sqlite-stream-store.ts';
export type { AgentStreamContext, AgentStreamHandler } from './stream/stream-handler.ts';
export type { Attempt, StreamStore, TurnKey } from './stream/stream-store.ts';
export type {
  EventStamp,
  ResetEvent,
  StreamedEvent,
  TurnEnd,
  TurnEvent,
  TurnEventBody,
  TurnFailure,
} from './stream/turn-event.ts';
export { TurnView } from './stream/turn-view.ts';
export type { TelemetryOptions } from './telemetry/telemetry-options.ts';
export { type AgentAnswer, type AgentInput, type AgentRequest, conversationOf } from './workflow/agent-answer.ts';
export { agentExecutor } from './workflow/agent-executor.ts';
export { type EdgeOptions, WorkflowBuilder, type WorkflowOptions } from './workflow/builder.ts';
export type { BranchFailure, RunFailure } from './workflow/effects.ts';
export { CheckpointError, WorkflowBuildError, WorkflowError, WorkflowRunError } from './workflow/errors.ts';
export type { WorkflowEvent } from './workflow/events.ts';
export { Executor, type ExecutorOptions, executor } from './workflow/executor.ts';
export type { ExecutorContext } from './workflow/executor-context.ts';
export { handler, responseHandler } from './workflow/handlers.ts';
export type { ResumeOptions, RunWorkflowOptions, WorkflowCheckpoint, WorkflowResult } from './workflow/in-process.ts';
export { type MessageType, messageType } from './workflow/message-type.ts';
export type { RequestView } from './workflow/pending.ts';
export { RequestPort } from './workflow/request-port.ts';
export type { RetryOptions } from './workflow/retry.ts';
export { subWorkflow } from './workflow/sub-workflow.ts';
export type { Workflow } from './workflow/workflow.ts';
