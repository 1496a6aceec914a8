import { SpanKind } from '@opentelemetry/api';
import type { ToolCallRequest } from '../agent/effects.ts';
import type { JsonValue } from '../json.ts';
import { instruments } from './instruments.ts';
import { jsonAttribute } from './message-content.ts';
import { inSpan, known } from './operation.ts';
import { capturesContent, type TelemetryOptions } from './telemetry-options.ts';
import type { TraceCarrier } from './trace-context.ts';

export interface ToolCallFacts {
  agentName: string;
  sessionId: string;
  call: ToolCallRequest;
  toolDescription?: string | undefined;
  /** Only needed where the turn's span is not the present one. */
  traceContext?: TraceCarrier | undefined;
}

/** Executes a tool call in the span `execute_tool {tool}`, and measures it. */
export function traceToolCall(
  facts: ToolCallFacts,
  options: TelemetryOptions,
  work: () => Promise<JsonValue>,
): Promise<JsonValue> {
  const { agentName, sessionId, call, toolDescription } = facts;
  const base = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': call.name,
    'gen_ai.tool.type': 'function',
  };
  const args = call.arguments ?? {};
  const withContent = capturesContent(options);
  return inSpan<JsonValue>(
    {
      name: `execute_tool ${call.name}`,
      kind: SpanKind.INTERNAL,
      attributes: known({
        ...base,
        'gen_ai.tool.call.id': call.callId,
        'gen_ai.tool.description': toolDescription,
        'gen_ai.agent.name': agentName,
        'gen_ai.conversation.id': sessionId,
        'durable_agents.tool.arguments.characters': JSON.stringify(args).length,
        'gen_ai.tool.call.arguments': withContent ? jsonAttribute(args) : undefined,
      }),
      parent: facts.traceContext,
      errorOf: errorCodeOf,
      record({ seconds, errorType, result, span }) {
        if (result !== undefined) {
          span.setAttribute('durable_agents.tool.result.characters', JSON.stringify(result).length);
          if (withContent) span.setAttribute('gen_ai.tool.call.result', jsonAttribute(result));
        }
        const attributes = { ...base, 'gen_ai.agent.name': agentName, ...known({ 'error.type': errorType }) };
        instruments().toolDuration.record(seconds, attributes);
      },
    },
    work,
  );
}

/** A tool call that failed gives a result for the model: `{ "error": { "code", "message" } }`. */
function errorCodeOf(result: JsonValue): string | undefined {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return undefined;
  const { error } = result;
  const isError =
    typeof error === 'object' && error !== null && !Array.isArray(error) && Object.keys(result).length === 1;
  return isError && typeof error.code === 'string' && /^\w{1,64}$/.test(error.code) ? error.code : undefined;
}
