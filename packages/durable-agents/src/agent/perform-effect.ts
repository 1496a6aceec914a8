import type { JsonValue } from '../json.ts';
import type { ChatRequest } from '../model/chat-client.ts';
import type { Agent } from './agent.ts';
import { callModel } from './call-model.ts';
import type { ModelOutcome, ToolCallRequest } from './effects.ts';
import { executeToolCall } from './execute-tool-call.ts';
import type { RunContext } from './run-context.ts';

/** Calls the model, watched by the run's observer if there is one. Never rejects. */
export function performModelCall(agent: Agent, request: ChatRequest, context: RunContext): Promise<ModelOutcome> {
  const { observer } = context;
  if (observer === undefined) return callModel(agent, request, context);
  return observer.model(request, (onUpdate) =>
    callModel(agent, request, onUpdate === undefined ? context : { ...context, onUpdate }),
  );
}

/** Executes a tool call, watched by the run's observer if there is one. Never rejects. */
export function performToolCall(agent: Agent, call: ToolCallRequest, context: RunContext): Promise<JsonValue> {
  const { observer } = context;
  if (observer === undefined) return executeToolCall(agent, call, context);
  return observer.tool(call, () =>
    executeToolCall(agent, call, {
      ...context,
      onEvent: (event) => {
        observer.progress(event);
        context.onEvent?.(event);
      },
    }),
  );
}
