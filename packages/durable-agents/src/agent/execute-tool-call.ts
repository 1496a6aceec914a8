import { ModelError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import { redact } from '../redact.ts';
import type { Agent } from './agent.ts';
import { boundResult } from './bound-result.ts';
import { describeError, errorStack } from './describe-error.ts';
import type { ToolCallRequest } from './effects.ts';
import type { RunContext } from './run-context.ts';
import { NotJsonError, toJsonResult } from './to-json-result.ts';
import type { AnyTool, ToolContext } from './tool.ts';
import { readToolArguments } from './tool-arguments.ts';
import { toolCallContext } from './tool-call-context.ts';
import { toolError, unknownToolError } from './tool-error.ts';
import { progressOf } from './tool-progress.ts';
import { withDeadline } from './with-deadline.ts';

type ToolAgent = Pick<Agent, 'name' | 'tools' | 'toolTimeoutMs' | 'maxToolResultBytes'>;

/**
 * Executes one tool call. Never rejects: whatever goes wrong becomes an error result for the model
 * (`{ "error": { "code", "message" } }`) and a log line with the whole error for the operator.
 */
export async function executeToolCall(
  agent: ToolAgent,
  call: ToolCallRequest,
  context: RunContext,
): Promise<JsonValue> {
  const tool = agent.tools.find(({ name }) => name === call.name);
  if (tool === undefined) {
    return unknownToolError(
      call.name,
      agent.tools.map(({ name }) => name),
    );
  }
  const timeoutMs = tool.timeoutMs ?? agent.toolTimeoutMs;
  const facts = { agent: agent.name, tool: tool.name, callId: call.callId };
  const { emit, end } = progressOf(call, context, agent.maxToolResultBytes);
  const outcome = await withDeadline(context.signal, timeoutMs, (signal) =>
    callTool(tool, call, toolCallContext(agent.name, call, context, { signal, emit })),
  );
  end();
  switch (outcome.kind) {
    case 'done':
      return outcome.value.ok ? boundResult(outcome.value.result, agent.maxToolResultBytes) : outcome.value.error;
    case 'timeout':
      context.log.warn('Tool call timed out.', { ...facts, timeoutMs });
      return toolError(
        'toolTimeout',
        `Tool "${tool.name}" gave no result within ${timeoutMs} ms. It may still take effect.`,
      );
    case 'aborted':
      return toolError('aborted', `Tool "${tool.name}" was stopped before it gave a result. It may have taken effect.`);
    case 'failed':
      return failure(tool, outcome.error, context.log, facts);
  }
}

async function callTool(
  tool: AnyTool,
  call: ToolCallRequest,
  context: ToolContext,
): Promise<{ ok: true; result: JsonValue } | { ok: false; error: JsonValue }> {
  const args = await readToolArguments(tool, call.arguments);
  if (!args.ok) {
    const message = `Tool "${tool.name}" was not called. Its arguments are wrong: ${args.problem}.`;
    return { ok: false, error: toolError('invalidArguments', message) };
  }
  // The time limit may have passed while arguments were validated: then the tool must not start.
  context.signal.throwIfAborted();
  return { ok: true, result: toJsonResult(await tool.execute(args.value as never, context)) };
}

function failure(tool: AnyTool, error: unknown, log: Logger, facts: Record<string, string>): JsonValue {
  if (error instanceof NotJsonError) {
    log.error('Tool result has no JSON form.', { ...facts, problem: error.message });
    return toolError('invalidToolResult', `Tool "${tool.name}" ran, but ${error.message}.`);
  }
  log.error('Tool call failed.', { ...facts, ...causeFields(error) });
  return toolError('toolFailed', `Tool "${tool.name}" failed. ${redact(describeError(error, 800))}`);
}

/** A model provider's words, from an agent that is a tool, stay out of the log: they may quote what the user said. */
function causeFields(error: unknown): JsonObject {
  if (error instanceof ModelError) return { code: error.code, fix: error.fix };
  const stack = errorStack(error);
  return { error: describeError(error, 16_384), ...(stack && { stack }) };
}
