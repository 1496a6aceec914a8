import type { JsonValue } from '../json.ts';
import type { ChatRequest } from '../model/chat-client.ts';
import type { Agent } from './agent.ts';
import type { OnModelUpdate } from './call-model.ts';
import type { ModelOutcome, ToolCallRequest } from './effects.ts';
import type { ToolProgress } from './tool-progress.ts';

/**
 * Watches a run for streams, traces and metrics. It is given each call to make, makes it, and gives back what came of
 * it, unchanged.
 */
export interface RunObserver {
  /** @param call makes the model call; with a listener, the answer is streamed where the model can */
  model(request: ChatRequest, call: (onUpdate?: OnModelUpdate) => Promise<ModelOutcome>): Promise<ModelOutcome>;
  tool(call: ToolCallRequest, execute: () => Promise<JsonValue>): Promise<JsonValue>;
  /** What a tool tells while it runs. */
  progress(event: ToolProgress): void;
  /** Watches the run of an agent that a tool call consists of. Without it nobody does. */
  inner?(agent: Agent): RunObserver;
}
